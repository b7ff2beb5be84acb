import { defineScript } from '../../redis/connection.ts';
import { timeUp } from './begin.ts';
import { settle } from './finish.ts';
import { prelude } from './prelude.ts';

/**
 * A worker says that it lives: its presence is the lease of all its deliveries, renewed in one call.
 *
 * KEYS: queue root
 * ARGV: worker, lease (ms), slots, lines (' line line=n '), host, pid, version, the worker's clock (ms), attempts that
 *       its process runs in other queues, number of tokens, token, …
 * Returns [[stale token, …], [token whose task is being canceled, …], hint, id, delivery, …]
 *
 * A delivery that the worker doesn't know of after a whole lease never reached it, and is given back.
 */
export const renew = defineScript(`${prelude}${timeUp}${settle}
local worker, lease, slots, lines, host, pid, version, clock, beside, known = unpack(ARGV)
redis.call('ZADD', workersKey, int(now + lease), worker)
redis.call('HSET', workerKey(worker), 'slots', slots, 'lines', lines, 'host', host, 'pid', pid,
  'version', version, 'skew', int(clock - now), 'beside', beside)
redis.call('HDEL', workerKey(worker), 'blamed')
redis.call('PEXPIRE', workerKey(worker), int(lease * 20))
moved[worker] = true
local held, stale, canceling, counts = {}, {}, {}, {}
for i = 11, 10 + known do
  local token = ARGV[i]
  local id = redis.call('HGET', runsKey(worker), token)
  held[token] = true
  if not id then
    stale[#stale + 1] = token
  elseif redis.call('HGET', taskKey(id), 'status') == 'CANCELING' then
    canceling[#canceling + 1] = token
  end
end
local runs = redis.call('HGETALL', runsKey(worker))
for i = 1, #runs, 2 do
  local token, task = runs[i], load(runs[i + 1])
  if not task or task.token ~= token then
    redis.call('HDEL', runsKey(worker), token)
    redis.call('HDEL', suspectsKey(worker), token)
  elseif not held[token] then
    local open = redis.call('HGET', taskKey(task.id), 'attempt:' .. task.attempt)
    local startedAt = (open or ''):match('"startedAt":(%d+)') or 0
    if now - startedAt > tonumber(lease) then
      settle(task, 'SUPERSEDED', {})
    else
      counts[task.name] = (counts[task.name] or 0) + 1
    end
  elseif not task.parked then
    counts[task.name] = (counts[task.name] or 0) + 1
  end
end
-- Counted up and down between renewals, and here anew.
redis.call('DEL', localKey(worker))
for name in lines:gmatch('([^ :]+):[^ =]*=') do
  redis.call('HSET', localKey(worker), name, counts[name] or 0)
end
return { stale, canceling, unpack(wake()) }
`);

/**
 * A worker that stopped takes its presence away; what it may still hold is given back.
 *
 * KEYS: queue root
 * ARGV: worker
 * Returns [hint, id, delivery, …]
 */
export const leave = defineScript(`${prelude}${timeUp}${settle}
local worker = ARGV[1]
local runs = redis.call('HGETALL', runsKey(worker))
for i = 1, #runs, 2 do
  local task = load(runs[i + 1])
  if task and task.token == runs[i] then settle(task, 'SUPERSEDED', {}) end
end
redis.call('DEL', workerKey(worker), runsKey(worker), suspectsKey(worker), localKey(worker))
redis.call('ZREM', workersKey, worker)
-- Also where it held nothing: none of its slots is idle any more.
moved[worker] = true
return wake()
`);
