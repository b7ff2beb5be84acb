import { defineScript } from '../../redis/connection.ts';
import { luaKeys } from '../../redis/keys.ts';

/** The most workers of a queue that one look describes. */
const workersPerLook = 200;

/** The most runs of a worker whose start is compared. */
const runsPerLook = 200;

/**
 * The workers of a queue that have a lease, those with the freshest one first. Changes nothing.
 *
 * KEYS: queue root
 * Returns [now (ms), [worker, tasks it runs, places, lines, host, pid, version, startedAt, renewedAt, load, memory, drain],
 *          …]; what isn't there is null
 */
export const presences = defineScript(`${luaKeys}
local time = redis.call('TIME')
local now = string.format('%.0f', math.floor(time[1] * 1000 + time[2] / 1000))
local workers = {}
for _, worker in ipairs(redis.call('ZRANGE', workersKey, '+inf', '(' .. now, 'BYSCORE', 'REV', 'LIMIT', 0, ${workersPerLook})) do
  local said = redis.call('HMGET', workerKey(worker), 'places', 'lines', 'host', 'pid', 'version', 'startedAt',
    'renewedAt', 'load', 'memory', 'drain', 'slots')
  -- An older version says its slots alone.
  said[1] = said[1] or said[11]
  said[11] = nil
  workers[#workers + 1] = { worker, redis.call('HLEN', runsKey(worker)), unpack(said, 1, 10) }
end
return { now, workers }
`);

/**
 * What a worker runs in a queue, the longest first. Changes nothing.
 *
 * KEYS: queue root
 * ARGV: worker, how many at most
 * Returns [[id, definition, attempt, when that began (ms) or ''], …]
 */
export const workerRuns = defineScript(`${luaKeys}
local worker, most = ARGV[1], tonumber(ARGV[2])
local runs = {}
for i, id in ipairs(redis.call('HVALS', runsKey(worker))) do
  if i > ${runsPerLook} then break end
  local name, attempt = unpack(redis.call('HMGET', taskKey(id), 'name', 'attempt'))
  if name then
    local open = redis.call('HGET', taskKey(id), 'attempt:' .. attempt) or ''
    runs[#runs + 1] = { id, name, attempt, open:match('"startedAt":(%d+)') or '' }
  end
end
table.sort(runs, function(one, other)
  if one[4] ~= other[4] then return (tonumber(one[4]) or 0) < (tonumber(other[4]) or 0) end
  return one[1] < other[1]
end)
local first = {}
for i = 1, math.min(most, #runs) do first[i] = runs[i] end
return first
`);
