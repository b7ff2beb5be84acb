import { defineScript } from '../../redis/connection.ts';
import { activityFields } from './activity-counts.ts';
import { attemptsShown, itemsPerCall } from './bounds.ts';
import { prelude } from './prelude.ts';

/** Ends a task that waits and whose time is up; shared by `begin` and by the clock. */
export const timeUp = `
local failureJson = function(task, code, message, retryable)
  return '{"code":"' .. code .. '","message":"' .. message .. '","retryable":' .. tostring(retryable)
    .. ',"attempt":' .. task.attempt .. '}'
end
local seconds = function(ms) return string.format('%.10g s', ms / 1000) end
local deadlineFailure = function(task)
  return failureJson(task, 'TIMED_OUT', 'The deadline of ' .. seconds(policyOf(task).deadlineMs) .. ' passed.', false)
end
-- True where the task has ended by this.
local timeUp = function(task)
  local changes
  local expiresAt, deadlineAt = tonumber(task.expiresAt or math.huge), tonumber(task.deadlineAt or math.huge)
  -- Where both have passed by now, the earlier one came first.
  if now >= expiresAt and expiresAt <= deadlineAt then
    changes = { status = 'EXPIRED' }
  elseif now >= deadlineAt then
    changes = { status = 'FAILED', failure = deadlineFailure(task) }
  else
    return false
  end
  stopWaiting(task)
  changes.finished, changes.due = nowText, false
  change(task, changes)
  return true
end
`;

/**
 * Takes the best claimable task for a slot. Shared by `begin` and by `finish`, whose slot goes on at once.
 *
 * The token is the caller's, so that a repeated call answers with the same task.
 */
export const claim = `${timeUp}
-- The order of the lines that this worker serves decides; a foreign task is never taken and put back. Returns the
-- task's id, its line and its key.
local takeBest = function(worker, served, maySuspect)
  local lines = linesInOrder()
  if #lines == 0 then return nil end
  local queueRoom, queueAt = roomOf('')
  if queueAt then block('', queueAt) end
  if queueRoom <= 0 then return nil end
  for _, line in ipairs(lines) do
    local base, limit = servedLine(line)
    local most = served[base]
    if most and (not limit or maySuspect and suspectRoom(worker, limit) > 0)
      and (most == true or localRoom(worker, line, most) > 0) then
      local room, at = roomOf(nameOf(line))
      if at then block(nameOf(line), at) end
      if room > 0 then
        local key = isKeyed(line) and turnOf(line)
        local id = key ~= nil and redis.call('ZPOPMIN', backlogKey(line .. (key or '')))[1]
        if id then return id, line, key end
      end
    end
  end
end
-- Without a lease nobody would ever look at what a worker holds; its next renewal wakes it. One that is drained takes
-- nothing more.
local takers = {}
local mayTake = function(worker)
  if takers[worker] == nil then
    takers[worker] = redis.call('ZSCORE', workersKey, worker)
      and redis.call('HEXISTS', workerKey(worker), 'drain') == 0
  end
  return takers[worker]
end
-- Token -> task of what has begun, or false, where a script has asked for all of its tokens at once.
local begun
-- For how long a task has waited for this start (ms). A version is at least the time (µs) from its creation to its last
-- change, which made it wait; of what never ran that may be a new priority.
local waited = function(task)
  local since = task.created + task.version
  if task.priority and task.attempt == '0' then
    since = math.max(task.created, (task.runAt or 0) * 1000)
  end
  return math.max(0, math.floor((nowUs - since) / 1000))
end
-- A start takes its place in every limit that holds for it.
local takePlaces = function(task)
  if task.limitKey then
    redis.call('SADD', slotsKey(task.name .. '@' .. task.limitKey), task.id)
    spend(task.name .. '@' .. task.limitKey, rulesOf(task.name).key)
  end
  if hasRules() then
    spend(task.name, rulesOf(task.name).all)
    spend('', rulesOf('').all)
  end
end
local start = function(task, worker, token, isCounted)
  local policy = policyOf(task)
  local number = task.attempt + 1
  putField(runsKey(worker), token, task.id)
  if begun then begun[token] = task.id end
  moved[worker] = true
  if isCounted then redis.call('HINCRBY', localKey(worker), task.name, 1) end
  takePlaces(task)
  noteTime(task.name, '${activityFields.wait}', waited(task))
  if task.suspect then redis.call('HSET', suspectsKey(worker), token, task.suspect) end
  local timeoutAt = policy.timeoutMs and now + policy.timeoutMs
  if task.deadlineAt then timeoutAt = math.min(timeoutAt or math.huge, tonumber(task.deadlineAt)) end
  return change(task, { status = 'RUNNING', attempt = int(number), token = token, worker = worker,
    started = task.started or nowText, progress = false, expiresAt = false, timeoutAt = timeoutAt and int(timeoutAt),
    ['attempt:' .. number] = '{"number":' .. number .. ',"worker":"' .. worker .. '","startedAt":' .. nowText,
    ['attempt:' .. number - ${attemptsShown}] = false })
end
local claim = function(worker, token, served, maySuspect)
  -- Not 'and or': what has not begun is false there, and asked for only once.
  local running
  if begun then running = begun[token] else running = redis.call('HGET', runsKey(worker), token) end
  local task, json = running and load(running), nil
  if not task and not mayTake(worker) then return nil end
  for _ = 1, ${itemsPerCall} do
    if task then break end
    local id, line, key = takeBest(worker, served, maySuspect)
    if not id then return nil end
    local found = load(id)
    -- An id without a record, or of a task that doesn't wait, is dropped; a task whose time is up is ended instead.
    if found and found.status == 'QUEUED' and not timeUp(found) then
      json = start(found, worker, token, served[servedLine(line)] ~= true)
      task = found
      -- Its key has had its turn; that of an entry which was dropped has not.
      if key then queueUp(line, key) end
    end
    updateHead(line)
    if task then awaitRates(task.name) end
  end
  if not task then return nil end
  return { task.id, token, task.attempt, json or state(task), not begun and redis.call('GET', inputKey(task.id)),
    task.timeoutAt and int(task.timeoutAt - now) or '', int(policyOf(task).graceMs), task.suspect or '' }
end
local served = {}
-- Lines as a worker says them: 'name:version', or 'name:version=n' where it may run only n side by side.
local serves = function(line)
  local base, most = line:match('^([^=]*)=?(%d*)$')
  served[base] = tonumber(most) or true
end
`;

/**
 * KEYS: queue root
 * ARGV: worker, token, hint, hinted task, may wake (1/0), may take a suspect (1/0), line, …
 * Returns [[id, token, attempt, state, input, ms until its timeout or '', grace (ms), limit of a suspect or '']
 *          or '', hint, id, delivery, …]
 */
export const begin = defineScript(`${prelude}${claim}
local worker, token, hint, hinted, mayWake, maySuspect = unpack(ARGV)
for i = 7, #ARGV do serves(ARGV[i]) end
redis.call('ZREM', hintsKey, hinted)
local delivery = claim(worker, token, served, maySuspect == '1')
if delivery then
  redis.call('HSET', heldKey, hint, worker)
  noteIdle()
  return { delivery }
end
-- Nothing for this slot, but perhaps for another worker's, whose hint it took.
return { '', unpack(mayWake == '1' and wake() or {}) }
`);
