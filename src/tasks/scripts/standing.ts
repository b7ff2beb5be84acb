import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/** The most lines that one look compares with, and the most definitions that run, and workers. */
const itemsPerLook = 200;

/**
 * Where tasks stand among those that wait, and what is to be known to say why, and when they may begin. Changes nothing, but
 * for the bucket of a rate that is fuller than it can be.
 *
 * KEYS: queue root
 * ARGV: id, …
 * Returns [now (ms), [rule, value, …], [line in which something waits, …], [[slots, deliveries, lines, suspects it runs,
 *          [definition, how many of it run, …] of those of which it runs only so many] of each live worker, …],
 *          [[definition, mean of its run times (ms), how many run], …], [standing, …] in the order of the ids,
 *          [[limit of one of them, how many hold it, when its rate allows the next one (ms)], …]];
 *          a standing is [status, line, when it is due (ms), [how many wait before it in each line, …], its limit key,
 *          1 where its run waits for its children / 2 for a place to go on], or null where there is no such task, or
 *          neither it nor its run waits. Of a line with keys only the own key counts: -1 otherwise.
 */
export const standing = defineScript(`${prelude}
local lines, places, workers, paces, limits, seen = {}, {}, {}, {}, {}, {}
for _, line in ipairs(redis.call('ZRANGE', headsKey, 0, ${itemsPerLook - 1})) do
  lines[#lines + 1] = line
  places[line] = #lines
end

local look = function(limit, rule)
  if not rule or seen[limit] then return end
  seen[limit] = true
  local taken = rule.c and holdersOf(limit) + redis.call('SCARD', resumingKey(limit)) or 0
  local _, at
  if rule.n then _, at = startsBy(limit, rule) end
  limits[#limits + 1] = { limit, taken, at and int(at) or false }
end
local waits = { QUEUED = true, SCHEDULED = true, RETRYING = true }
local standings, anySuspect = {}, false
for i, id in ipairs(ARGV) do
  local task = load(id)
  if task and waits[task.status] then
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
    standings[i] = { task.status, own, task.due or false, ahead, task.limitKey or false, 0 }
    if task.suspect then anySuspect = true end
    if task.status == 'QUEUED' and hasRules() then
      look('', rulesOf('').all)
      look(task.name, rulesOf(task.name).all)
      if task.limitKey then look(task.name .. '@' .. task.limitKey, rulesOf(task.name).key) end
    end
  elseif task and task.status == 'RUNNING' and task.parked then
    local held = 1
    for _, limit in ipairs({ '', task.name, task.name .. '@' .. (task.limitKey or '') }) do
      if redis.call('SISMEMBER', resumingKey(limit), id) == 1 then held = 2 end
    end
    standings[i] = { task.status, lineOf(task), false, {}, false, held }
  else
    standings[i] = false
  end
end

for _, worker in ipairs(redis.call('ZRANGE', workersKey, '(' .. int(now), '+inf', 'BYSCORE', 'LIMIT', 0, ${itemsPerLook})) do
  local presence = redis.call('HMGET', workerKey(worker), 'slots', 'lines')
  if presence[1] then
    local isBounded = presence[2] and presence[2]:find('=', 1, true)
    workers[#workers + 1] = { presence[1], redis.call('HLEN', runsKey(worker)), presence[2],
      anySuspect and redis.call('HLEN', suspectsKey(worker)) or 0,
      isBounded and redis.call('HGETALL', localKey(worker)) or {} }
  end
end
for _, name in ipairs(redis.call('SRANDMEMBER', namesKey, ${itemsPerLook})) do
  paces[#paces + 1] = { name, redis.call('HGET', paceKey, name), running(name) }
end
return { int(now), redis.call('HGETALL', rulesKey), lines, workers, paces, standings, limits }
`);
