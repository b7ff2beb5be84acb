import { defineScript } from '../../redis/connection.ts';
import { timeUp } from './begin.ts';
import { settle } from './finish.ts';
import { prelude } from './prelude.ts';

/**
 * A worker says that it lives: its presence is the lease of all its deliveries, renewed in one call.
 *
 * KEYS: queue root
 * ARGV: worker, lease (ms), slots, lines (' line line=n '), host, pid, version, the worker's clock (ms), attempts that
 *       its process runs in other queues, for how long it has been there (ms), load or '', memory (bytes), its drain as far
 *       as it knows (JSON or ''), number of tokens, token, …
 * Returns [[stale token, …], [token whose task is being canceled, …], its drain (JSON) or '', hint, id, delivery, …]
 *
 * A delivery that the worker doesn't know of after a whole lease never reached it, and is given back.
 */
export const renew = defineScript(`${prelude}${timeUp}${settle}
local worker, lease, slots, lines, host, pid, version, clock, beside, age, usage, memory, drain, known = unpack(ARGV)
redis.call('ZADD', workersKey, int(now + lease), worker)
-- What was said of it while it was lost, or what the store has lost, the worker knows.
if drain ~= '' and redis.call('HEXISTS', workerKey(worker), 'places') == 0 then
  redis.call('HSET', workerKey(worker), 'drain', drain)
end
setPlaces(worker, slots)
redis.call('HSET', workerKey(worker), 'lines', lines, 'host', host, 'pid', pid, 'version', version,
  'skew', int(clock - now), 'beside', beside, 'renewedAt', nowText, 'load', usage, 'memory', memory)
redis.call('HSETNX', workerKey(worker), 'startedAt', int(now - age))
redis.call('HDEL', workerKey(worker), 'blamed')
redis.call('PEXPIRE', workerKey(worker), int(lease * 20))
moved[worker] = true
local held, stale, canceling, counts = {}, {}, {}, {}
for i = 15, 14 + known do
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
redis.call('PUBLISH', workersKey, worker)
return { stale, canceling, redis.call('HGET', workerKey(worker), 'drain') or '', unpack(wake()) }
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
redis.call('PUBLISH', workersKey, worker)
-- Also where it held nothing: none of its slots is idle any more.
moved[worker] = true
return wake()
`);

/**
 * Lets a worker take nothing more, or lets it go on. What it runs goes on either way.
 *
 * KEYS: queue root
 * ARGV: worker, who and why (JSON members with a leading comma, or ',') or '' = it goes on
 * Returns [1 / 0 where it isn't here, or is of a version that knows no drain, hint, id, delivery, …]
 */
export const drain = defineScript(`${prelude}
local worker, members = unpack(ARGV)
local places = redis.call('HGET', workerKey(worker), 'places')
if not places then return { 0 } end
if members == '' then
  redis.call('HDEL', workerKey(worker), 'drain')
else
  redis.call('HSET', workerKey(worker), 'drain', '{"at":' .. nowText .. (members == ',' and '' or members) .. '}')
end
setPlaces(worker, places)
moved[worker] = true
-- It renews at once, and hears it by that.
redis.call('PUBLISH', workerKey(worker), '')
redis.call('PUBLISH', workersKey, worker)
return { 1, unpack(wake()) }
`);
