import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/** The most lines that one look compares with, and the most definitions that run, and workers. */
const itemsPerLook = 200;

/**
 * Where tasks stand among those that wait, and what is to be known to say when they may begin. Changes nothing.
 *
 * KEYS: queue root
 * ARGV: id, …
 * Returns [now (ms), [rule, value, …], [line in which something waits, …], [[slots, deliveries, lines] of each live
 *          worker, …], [[definition, mean of its run times (ms), how many run], …], [standing, …] in the order of the
 *          ids]; a standing is [status, line, when it is due (ms), [how many wait before it in each line, …]], or null
 *          where there is no such task or it doesn't wait. Of a line with keys only the own key counts: -1 otherwise.
 */
export const standing = defineScript(`${prelude}
local lines, places, workers, paces = {}, {}, {}, {}
for _, line in ipairs(redis.call('ZRANGE', headsKey, 0, ${itemsPerLook - 1})) do
  lines[#lines + 1] = line
  places[line] = #lines
end
for _, worker in ipairs(redis.call('ZRANGE', workersKey, '(' .. int(now), '+inf', 'BYSCORE', 'LIMIT', 0, ${itemsPerLook})) do
  local presence = redis.call('HMGET', workerKey(worker), 'slots', 'lines')
  if presence[1] then
    workers[#workers + 1] = { presence[1], redis.call('HLEN', runsKey(worker)), presence[2] }
  end
end
for _, name in ipairs(redis.call('SRANDMEMBER', namesKey, ${itemsPerLook})) do
  paces[#paces + 1] = { name, redis.call('HGET', paceKey, name), running(name) }
end

local waits = { QUEUED = true, SCHEDULED = true, RETRYING = true }
local standings = {}
for i, id in ipairs(ARGV) do
  local task = load(id)
  if not task or not waits[task.status] then
    standings[i] = false
  else
    local own, order, ahead = lineOf(task), orderOf(task), {}
    for j, line in ipairs(lines) do
      if line == own then
        -- In it as it stands there; where it isn't due yet, as it would.
        local key = backlogKey(line .. (task.limitKey or ''))
        ahead[j] = redis.call('ZRANK', key, id) or redis.call('ZCOUNT', key, '-inf', '(' .. order)
      else
        ahead[j] = isKeyed(line) and -1 or redis.call('ZCOUNT', backlogKey(line), '-inf', '(' .. order)
      end
    end
    if not places[own] then
      -- A line whose keys are all at their limit.
      ahead[#lines + 1] = redis.call('ZRANK', backlogKey(own .. (task.limitKey or '')), id) or 0
    end
    standings[i] = { task.status, own, task.due or false, ahead }
  end
end
return { int(now), redis.call('HGETALL', rulesKey), lines, workers, paces, standings }
`);
