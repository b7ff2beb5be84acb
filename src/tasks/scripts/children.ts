import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/**
 * Links a child to its parent before it is made, so that whatever happens in between it is found by its parent. The
 * key is one of the parent's: another attempt that asks with it is told of the child that is linked already, and
 * whether that was before the parent was tried again. An attempt that was only interrupted is not: what failed for it
 * has failed.
 *
 * KEYS: queue root
 * ARGV: parent, its token, key, child, weight, child that this one takes the place of ('' = none)
 * Returns ['ADOPTED', child, where the parent stood in the backlog (µs)], ['KNOWN' or, from an earlier try, 'EARLIER',
 *         the linked one, the same], ['CANCELING'], or ['STALE'] where the token is void
 */
export const adopt = defineScript(`${prelude}
local id, token, key, child, weight, replaced = unpack(ARGV)
local task = load(id)
if not task or task.token ~= token then return { 'STALE' } end
if task.status == 'CANCELING' then return { 'CANCELING' } end
local try = (redis.call('HGET', childrenKey(id), 'round') or '0') .. '.' .. (task.tried or '0')
local linked, linkedWeight, linkedTry = (redis.call('HGET', childrenKey(id), key) or ''):match('^(%S+) (%S+) (%S+)$')
if linked and linked ~= replaced and linked ~= child then
  if linkedTry == try then return { 'KNOWN', linked, orderOf(task) } end
  redis.call('HSET', childrenKey(id), key, linked .. ' ' .. linkedWeight .. ' ' .. try)
  return { 'EARLIER', linked, orderOf(task) }
end
redis.call('HSET', childrenKey(id), key, child .. ' ' .. weight .. ' ' .. try)
return { 'ADOPTED', child, orderOf(task) }
`);

/** The limits that hold for a task, by name. */
const limitsOf = `
local limitsOf = function(task)
  local own = rulesOf(task.name)
  local all = { [''] = rulesOf('').all or false, [task.name] = own.all or false }
  if task.limitKey then all[task.name .. '@' .. task.limitKey] = own.key or false end
  return all
end
`;

/**
 * A run that waits for its children holds nothing: its place in limits and its slot are others' until it goes on. It
 * keeps its lease, its token and its clocks.
 *
 * KEYS: queue root
 * ARGV: worker, id, token, hint that its slot had taken, slots that the worker has by this
 * Returns [1 parked, now or before / 0 stale, hint, id, delivery, …]
 */
export const park = defineScript(`${prelude}${limitsOf}
local worker, id, token, hint, slots = unpack(ARGV)
local task = load(id)
if not task or task.token ~= token then return { 0 } end
redis.call('HDEL', heldKey, hint)
for limit in pairs(limitsOf(task)) do redis.call('SREM', resumingKey(limit), id) end
if not task.parked then
  redis.call('HSET', taskKey(id), 'parked', '1')
  redis.call('SADD', parkedKey(task.name), id)
  -- One that only waits kills no worker, and is in the way of no suspect.
  redis.call('HDEL', suspectsKey(worker), token)
  if redis.call('HEXISTS', localKey(worker), task.name) == 1 then
    redis.call('HINCRBY', localKey(worker), task.name, -1)
  end
  if task.limitKey then
    redis.call('SREM', slotsKey(task.name .. '@' .. task.limitKey), id)
    unblock(task.name .. '@' .. task.limitKey)
  end
end
-- One that has just left isn't brought back.
if redis.call('HEXISTS', workerKey(worker), 'slots') == 1 then
  setPlaces(worker, slots)
end
redis.call('PUBLISH', workersKey, worker)
moved[worker] = true
return { 1, unpack(wake()) }
`);

/**
 * A run whose children have ended takes its places again, all of them or none. Where there is no room it is noted at
 * its limits, which keep it free from then on; the caller tries again.
 *
 * KEYS: queue root
 * ARGV: worker, id, token, slots that the worker has by this
 * Returns 1 goes on, now or before / 2 no room / 0 stale
 */
export const unpark = defineScript(`${prelude}${limitsOf}
local worker, id, token, slots = unpack(ARGV)
local task = load(id)
if not task or task.token ~= token then return 0 end
if not task.parked then return 1 end
local all = limitsOf(task)
local hasRoom = not task.suspect or suspectRoom(worker, tonumber(task.suspect)) > 0
local lines = redis.call('HGET', workerKey(worker), 'lines') or ''
local most = lines:match(' ' .. (task.name .. ':' .. task.definition):gsub('%W', '%%%0') .. '=(%d+) ')
if most then hasRoom = hasRoom and localRoom(worker, lineOf(task), tonumber(most)) > 0 end
for limit, rule in pairs(all) do
  if rule and rule.c and rule.c - holdersOf(limit) <= 0 then hasRoom = false end
end
if not hasRoom then
  local isNew = 0
  for limit, rule in pairs(all) do
    if rule and rule.c then isNew = isNew + redis.call('SADD', resumingKey(limit), id) end
  end
  if isNew > 0 then redis.call('PUBLISH', workersKey, worker) end
  return 2
end
for limit in pairs(all) do redis.call('SREM', resumingKey(limit), id) end
redis.call('HDEL', taskKey(id), 'parked')
redis.call('SREM', parkedKey(task.name), id)
if task.limitKey then redis.call('SADD', slotsKey(task.name .. '@' .. task.limitKey), id) end
if task.suspect then redis.call('HSET', suspectsKey(worker), token, task.suspect) end
if most then redis.call('HINCRBY', localKey(worker), task.name, 1) end
if redis.call('HEXISTS', workerKey(worker), 'slots') == 1 then
  setPlaces(worker, slots)
end
redis.call('PUBLISH', workersKey, worker)
moved[worker] = true
noteIdle()
return 1
`);

/** The most canceled parents of one look. */
export const parentsPerCall = 100;

/** A child that was linked and isn't there is on its way; after this time it isn't. */
export const childOnItsWayMs = 60_000;

/**
 * Tasks that were canceled and have children: what is to be carried over to those, in whatever queues they are.
 *
 * KEYS: queue root
 * ARGV: id of the only one to look at, or '', and how many to skip
 * Returns [[since when (ms), now (ms), state, child, …], …]
 */
export const outbox = defineScript(`${prelude}
local ids = ARGV[1] ~= '' and { ARGV[1] } or redis.call('ZRANGE', outboxKey, ARGV[2], ARGV[2] + ${parentsPerCall - 1})
local found = {}
for _, id in ipairs(ids) do
  local since = redis.call('ZSCORE', outboxKey, id)
  local task = since and load(id)
  -- One that was retried by hand meanwhile wants its children.
  if task and task.cancellation then
    local entry = { since, int(now), state(task) }
    for _, link in ipairs(redis.call('HVALS', childrenKey(id))) do entry[#entry + 1] = link:match('^(%S+) ') end
    found[#found + 1] = entry
  elseif since then
    redis.call('ZREM', outboxKey, id)
  end
end
return found
`);

/**
 * A canceled task's children have been told, unless it was canceled anew meanwhile.
 *
 * KEYS: queue root
 * ARGV: id, since when (ms)
 */
export const carriedOver = defineScript(`${prelude}
if redis.call('ZSCORE', outboxKey, ARGV[1]) == ARGV[2] then redis.call('ZREM', outboxKey, ARGV[1]) end
`);
