import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/**
 * Puts a task that ended without success back: a new round, with fresh budgets and clocks; the numbers of its
 * attempts go on.
 *
 * KEYS: queue root
 * ARGV: id
 * Returns [1 accepted / 0 isn't final or has succeeded / -1 its idempotency key is another task's by now,
 *          state (of that other task), hint, id, delivery, …] or [] where there is no such task
 */
export const retry = defineScript(`${prelude}
local id = ARGV[1]
local task = load(id)
if not task then return {} end
if not isFinal[task.status] or task.status == 'SUCCEEDED' then return { 0, state(task) } end
local policy = policyOf(task)
local changes = { status = 'QUEUED', finished = false, failure = false, cancellation = false, progress = false,
  tried = false, lost = false, suspect = false,
  expiresAt = policy.expiresInMs and int(now + policy.expiresInMs),
  deadlineAt = policy.deadlineMs and int(now + policy.deadlineMs) }
if task.key then
  local original = holderOf(task.key)
  if original and original.id ~= id then return { -1, state(original) } end
  local keyHash, keyMs = unpack(redis.call('HMGET', taskKey(id), 'keyHash', 'keyMs'))
  changes.keyUntil = int(now + keyMs)
  holdKey(task.key, id, keyHash, changes.keyUntil)
end
-- Its children that failed are made anew.
if redis.call('EXISTS', childrenKey(id)) == 1 then redis.call('HINCRBY', childrenKey(id), 'round', 1) end
local json = change(task, changes)
wait(task)
return { 1, json, unpack(wake()) }
`);
