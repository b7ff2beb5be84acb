import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/**
 * Gives a task that is SCHEDULED or RETRYING another time; a time that has passed is now.
 *
 * KEYS: queue root
 * ARGV: id, when (ms)
 * Returns [1 accepted / 0 it doesn't wait for a time, state, hint, id, delivery, …] or [] where there is no such task
 */
export const reschedule = defineScript(`${prelude}
local id, at = ARGV[1], math.max(now, tonumber(ARGV[2]))
local task = load(id)
if not task then return {} end
if task.status ~= 'SCHEDULED' and task.status ~= 'RETRYING' then return { 0, state(task) } end
local changes = { due = int(at) }
if task.status == 'SCHEDULED' then
  changes.runAt = int(at)
  local expiresInMs = policyOf(task).expiresInMs
  if expiresInMs then changes.expiresAt = int(at + expiresInMs) end
end
if at <= now then changes.status, changes.due = 'QUEUED', false end
local json = change(task, changes)
if task.status == 'QUEUED' then wait(task) end
return { 1, json, unpack(wake()) }
`);

/**
 * Gives a task another priority: at once where it waits, else from its next attempt on.
 *
 * KEYS: queue root
 * ARGV: id, priority (s)
 * Returns [1 accepted / 0 it is final, state, hint, id, delivery, …] or [] where there is no such task
 */
export const prioritize = defineScript(`${prelude}
local id, priority = unpack(ARGV)
local task = load(id)
if not task then return {} end
if isFinal[task.status] then return { 0, state(task) } end
local json = change(task, { priority = priority ~= '0' and priority })
if task.status == 'QUEUED' then wait(task) end
return { 1, json, unpack(wake()) }
`);
