import { defineScript } from '../../redis/connection.ts';
import { enqueue } from './enqueue.ts';
import { prelude } from './prelude.ts';
import { schedules } from './schedules.ts';

/**
 * Makes the tasks of a schedule's slots and sets its next one: all of it, by the one caller that finds `next` as it
 * was told, or nothing.
 *
 * KEYS: queue root
 * ARGV: id, its next slot as told (ms), its revision, the slot to come (ms or '' = none), slots that passed and are
 *       left out, the last of them (ms or ''), then for each slot, oldest first: slot (ms), id of its task
 * Returns [1 done / 0 another one has, next slot now (ms or ''), [error, …], name of its definition, how many tasks it made,
 *          hint, id, delivery, …]
 *
 * A task's id is made of the schedule and the slot, so that a slot has one task whatever happens.
 */
export const fire = defineScript(`${prelude}${enqueue}${schedules}
local id, expected, revision, following, missed, lastMissed = unpack(ARGV)
local key = scheduleKey(id)
local fields = { 'name', 'input', 'owner', 'tags', 'tagList', 'options', 'overlap', 'next', 'revision', 'missedCount' }
local values = redis.call('HMGET', key, unpack(fields))
local schedule = {}
for i, field in ipairs(fields) do schedule[field] = values[i] end
if schedule.next ~= expected or schedule.revision ~= revision then return { 0, schedule.next or '', {}, '', 0 } end

local definition, policy = unpack(redis.call('HMGET', scheduledKey(schedule.name), 'definition', 'policy'))
local refusals = { ['-2'] = 'QUEUE_FULL', ['-3'] = 'QUEUE_DRAINING', ['-4'] = 'LIMIT_REACHED' }
local newTasks = 0
-- Nil where the slot has its task, else why not.
local makeTask = function(taskId)
  local previous = schedule.overlap == 'ALLOW' and {} or previousOf(id)
  if schedule.overlap == 'SKIP' and #previous > 0 then return 'OVERLAP' end
  local code, answer = enqueue({ id = taskId, name = schedule.name, definition = definition, owner = schedule.owner,
    tags = schedule.tags, tagList = schedule.tagList, parent = '', replayOf = '', trace = '',
    input = schedule.input, policy = policy, key = '', keyHash = '', keyMs = '', options = schedule.options })
  if refusals[int(code)] then return refusals[int(code)] end
  if code == 1 then newTasks = newTasks + 1 end
  -- Only now, as nobody gains from a cancel for a task that isn't made; and never the one that took this input.
  for _, task in ipairs(previous) do
    local present = answer:sub(1, #task.id + 7) ~= '{"id":"' .. task.id and load(task.id)
    if present and not isFinal[present.status] then
      cancelTask(present, ',"reason":"The next task of its schedule takes its place."')
    end
  end
end

local errors, changes = {}, { next = following }
local skip = function(slot, reason) changes.lastSkip = '{"slot":' .. slot .. ',"reason":"' .. reason .. '"}' end
if lastMissed ~= '' then
  changes.missedCount = int((tonumber(schedule.missedCount) or 0) + missed)
  skip(lastMissed, 'MISSED')
end
for i = 7, #ARGV, 2 do
  local slot = ARGV[i]
  local fine, problem = pcall(makeTask, ARGV[i + 1])
  if not fine then
    errors[#errors + 1] = id .. ': ' .. (type(problem) == 'table' and problem.err or tostring(problem))
    problem = 'ERROR'
  end
  if problem then skip(slot, problem) else changes.lastRun = int(now) end
end
for field, value in pairs(changes) do redis.call('HSET', key, field, value) end
setNextSlot(id, following)
redis.call('PUBLISH', schedulesKey, id)
return { 1, following, errors, schedule.name, newTasks, unpack(wake()) }
`);
