import { defineScript } from '../../redis/connection.ts';
import { luaKeys } from '../../redis/keys.ts';
import { isFinal, taskStatuses } from '../task.ts';
import { flowMs } from './bounds.ts';

export const finalStatuses = taskStatuses.filter((status) => isFinal(status));

/** The most lines, definitions with unfinished tasks, and workers that one look describes. */
const itemsPerLook = 200;

/** The most names of definitions whose tasks are counted, and of limits at which something waits. */
const entriesPerLook = 1_000;

/** What comes and goes is counted for so long. */
const rateMs = 60_000;

/** Since when a task waits (ms), as good as its record tells, and whether it was tried; nil where there is none. */
const waiting = `
local waitsSince = function(id)
  local record = redis.call('HMGET', taskKey(id), 'created', 'version', 'attempt', 'runAt', 'priority')
  local created = record[1] and record[1] / 1000
  if not created then return nil end
  -- Since its last change, which made it wait: what runs for an hour and is tried again hasn't waited for an hour. A
  -- version is at least the time (µs) from creation to last change; of what never ran that may be a new priority.
  local tried = record[3] ~= '0'
  if record[5] and not tried then return math.max(created, tonumber(record[4] or 0)), tried end
  return created + record[2] / 1000, tried
end
`;

/**
 * A look at a queue that changes nothing, in bounded work whatever the queue holds.
 *
 * KEYS: queue root
 * Returns [now (ms), [tasks of each status, …], number of lines, [[line, tasks, id of its first task, since when that
 *          waits (ms)], …], number of workers, [[worker, end of lease (ms), tasks it runs, suspects it runs,
 *          [definition, how many of it run, …], slots, lines, host, pid, version, skew], …], end of the lease that ends
 *          first (ms), when the first task is due (ms), when the first record is to be removed (ms), tasks enqueued in
 *          the last minute, [tasks that came to each final status in it, …], [[definition, tasks that are QUEUED, that
 *          run, id of the one that waits longest, since when (ms)], …], [rule, value, …], [limits at which something
 *          waits, …] as `NAME` or `NAME@`: [[limit, how many, when the first of them may start one (ms)], …]];
 *          what isn't there is null
 *
 * Lines come by the order of their first task, workers with the freshest lease first.
 */
export const inspect = defineScript(`${luaKeys}${waiting}
local time = redis.call('TIME')
local now = math.floor(time[1] * 1000 + time[2] / 1000)
local int = function(number) return number and string.format('%.0f', number) or false end
local isKeyed = function(line) return line:sub(-1) == '@' end
local statuses = { ${taskStatuses.map((status) => `'${status}'`).join(', ')} }
local counts, enqueued, definitions = {}, 0, {}
for i = 1, #statuses do counts[i] = 0 end
for _, name in ipairs(redis.call('SRANDMEMBER', namesKey, ${entriesPerLook})) do
  local own = {}
  for i, status in ipairs(statuses) do
    own[status] = redis.call('ZCARD', indexKey(name, status))
    counts[i] = counts[i] + own[status]
  end
  enqueued = enqueued + redis.call('ZCOUNT', indexKey(name), int((now - ${rateMs}) * 1000), '+inf')
  local running = own.RUNNING + own.CANCELING - redis.call('SCARD', parkedKey(name))
  if own.QUEUED + running > 0 and #definitions < ${itemsPerLook} then
    local oldest, since
    -- The first by creation, unless it was tried meanwhile.
    for _, id in ipairs(redis.call('ZRANGE', indexKey(name, 'QUEUED'), 0, 2)) do
      local waits, tried = waitsSince(id)
      if waits and (not since or waits < since) then oldest, since = id, waits end
      if tried == false then break end
    end
    definitions[#definitions + 1] = { name, own.QUEUED, running, oldest or false, int(since) }
  end
end

local lines = {}
for _, line in ipairs(redis.call('ZRANGE', headsKey, 0, ${itemsPerLook - 1})) do
  local size, first = 0, nil
  -- Of a line with keys those that may start one, and of these the next ones.
  local keys = isKeyed(line) and redis.call('ZRANGE', ringKey(line), 0, 49) or { '' }
  for _, key in ipairs(keys) do
    size = size + redis.call('ZCARD', backlogKey(line .. key))
    first = first or redis.call('ZRANGE', backlogKey(line .. key), 0, 0)[1]
  end
  lines[#lines + 1] = { line, size, first or false, int(first and waitsSince(first)) }
end

local workers = {}
local leases = redis.call('ZRANGE', workersKey, 0, ${itemsPerLook - 1}, 'REV', 'WITHSCORES')
for i = 1, #leases, 2 do
  local worker = leases[i]
  workers[#workers + 1] = { worker, leases[i + 1], redis.call('HLEN', runsKey(worker)),
    redis.call('HLEN', suspectsKey(worker)), redis.call('HGETALL', localKey(worker)),
    unpack(redis.call('HMGET', workerKey(worker), 'slots', 'lines', 'host', 'pid', 'version', 'skew')) }
end

-- The minute begins within the oldest piece, of which a share counts.
local flow = {}
local bucket = math.floor(now / ${flowMs})
for back = 0, ${rateMs / flowMs} do
  local share = back < ${rateMs / flowMs} and 1 or 1 - (now / ${flowMs} - bucket)
  local ended = redis.call('HMGET', flowKey(int(bucket - back)), ${finalStatuses.map((status) => `'${status}'`).join(', ')})
  for i, count in ipairs(ended) do flow[i] = (flow[i] or 0) + share * (count or 0) end
end
for i, count in ipairs(flow) do flow[i] = math.floor(count + 0.5) end

local blocked, places = {}, {}
local limits = redis.call('ZRANGE', blockedKey, 0, ${entriesPerLook - 1}, 'WITHSCORES')
for i = 1, #limits, 2 do
  local limit, at = limits[i]:match('^[^@]*@?'), tonumber(limits[i + 1])
  if not places[limit] then
    blocked[#blocked + 1] = { limit, 0, at < math.huge and int(at) }
    places[limit] = #blocked
  end
  blocked[places[limit]][2] = blocked[places[limit]][2] + 1
end

local first = function(key) return redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or false end
return { int(now), counts, redis.call('ZCARD', headsKey), lines, redis.call('ZCARD', workersKey), workers,
  first(workersKey), first(dueKey), first(removalsKey), enqueued, flow, definitions,
  redis.call('HGETALL', rulesKey), blocked }
`);
