import { defineScript } from '../../redis/connection.ts';
import { itemsPerCall } from './bounds.ts';
import { prelude } from './prelude.ts';

/**
 * `cancelTask(task, members)` of a task that isn't final. `members` are those of its cancellation (JSON, each with a
 * leading comma) beside the time.
 */
export const cancelTask = `
local cancelTask = function(task, members)
  local cancellation = '{"requestedAt":' .. nowText .. members .. '}'
  if task.status == 'CANCELING' then return state(task) end
  if task.status == 'RUNNING' then
    local json = change(task, { status = 'CANCELING', cancellation = cancellation })
    redis.call('PUBLISH', workerKey(task.worker), json)
    return json
  end
  stopWaiting(task)
  return change(task, { status = 'CANCELED', cancellation = cancellation, finished = nowText, due = false })
end
`;

/**
 * KEYS: queue root
 * ARGV: id, cancellation without its time and brace (JSON members with a leading comma, or '')
 * Returns [1 accepted, now or before / 0 was final, state, hint, id, delivery, …] or [] where there is no such task
 */
export const cancel = defineScript(`${prelude}${cancelTask}
local id, members = unpack(ARGV)
local task = load(id)
if not task then return {} end
if isFinal[task.status] then return { 0, state(task) } end
return { 1, cancelTask(task, members), unpack(wake()) }
`);

/**
 * Cancels tasks that wait, the oldest first.
 *
 * KEYS: queue root
 * ARGV: cancellation as in `cancel`, 1 only counts / 0, name of a definition ('' = all)
 * Returns [canceled, still waiting]
 */
export const purge = defineScript(`${prelude}${cancelTask}
local members, onlyCount, only = unpack(ARGV)
local canceled, left = 0, 0
for _, name in ipairs(only == '' and redis.call('SMEMBERS', namesKey) or { only }) do
  for _, status in ipairs({ 'QUEUED', 'SCHEDULED', 'RETRYING' }) do
    local most = onlyCount == '1' and 0 or ${itemsPerCall} - canceled
    local ids = most > 0 and redis.call('ZRANGE', indexKey(name, status), 0, most - 1) or {}
    for _, id in ipairs(ids) do
      local task = load(id)
      if task and task.status == status then
        cancelTask(task, members)
        canceled = canceled + 1
      else
        redis.call('ZREM', indexKey(name, status), id)
      end
    end
    left = left + redis.call('ZCARD', indexKey(name, status))
  end
end
return { canceled, left }
`);
