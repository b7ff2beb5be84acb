import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/**
 * KEYS: queue root
 * ARGV: id, cancellation without its time and brace (JSON members with a leading comma, or '')
 * Returns [1 accepted, now or before / 0 was final, state, hint, id, delivery, …] or [] where there is no such task
 */
export const cancel = defineScript(`${prelude}
local id, members = unpack(ARGV)
local task = load(id)
if not task then return {} end
if isFinal[task.status] or task.status == 'CANCELING' then
  return { task.status == 'CANCELING' and 1 or 0, state(task) }
end
local cancellation = '{"requestedAt":' .. int(now) .. members .. '}'
if task.status == 'RUNNING' then
  local json = change(task, { status = 'CANCELING', cancellation = cancellation })
  redis.call('PUBLISH', workerKey(task.worker), json)
  return { 1, json, unpack(wake()) }
end
stopWaiting(task)
return { 1, change(task, { status = 'CANCELED', cancellation = cancellation, finished = int(now), due = false }) }
`);
