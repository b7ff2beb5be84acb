import { defineScript } from '../../redis/connection.ts';
import { activityFields } from './activity-counts.ts';
import { claim } from './begin.ts';
import { inlineOutputBytes } from './bounds.ts';
import { prelude } from './prelude.ts';

/** How many values `finish` takes for each delivery. */
const finishFields = 11;

/** How a delivery ends, shared by the outcome that a worker reports, the sweep of lost leases and the clock. */
export const settle = `
local isSeeded
-- The wait before the next attempt (ms): exponential, capped, with jitter, so that tasks which failed together
-- don't come back together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
local backoff = function(policy, tried)
  if policy.initialMs == 0 then return 0 end
  if not isSeeded then
    math.randomseed(nowUs % 2147483647)
    isSeeded = true
  end
  local whole = math.min(policy.maxMs, policy.initialMs * policy.factor ^ (tried - 1))
  return math.floor(whole * (1 - policy.jitter * math.random()) + 0.5)
end

-- Where a task goes whose attempt failed or timed out.
local afterFailure = function(task, changes, retryable, retryAfter)
  local policy = policyOf(task)
  local tried = (task.tried or 0) + 1
  changes.tried = int(tried)
  if not retryable or tried >= policy.attempts then return 'FAILED' end
  local due = now + (retryAfter or backoff(policy, tried))
  if task.deadlineAt and due >= tonumber(task.deadlineAt) then
    changes.failure = failureJson(task, 'TIMED_OUT', 'The deadline of ' .. seconds(policy.deadlineMs)
      .. ' leaves no time for another attempt; the attempts say why they failed.', false)
    return 'FAILED'
  end
  changes.progress = false
  if due <= now then return 'QUEUED' end
  changes.due = int(due)
  return 'RETRYING'
end

-- Whether a worker may run only so many of a definition.
local counted = {}
local isCounted = function(worker, name)
  local key = localKey(worker) .. ' ' .. name
  if counted[key] == nil then counted[key] = redis.call('HEXISTS', localKey(worker), name) == 1 end
  return counted[key]
end

-- What a delivery held is free again, by whatever way it ends.
local leavePlaces = function(task)
  putField(runsKey(task.worker), task.token, false)
  moved[task.worker] = true
  if task.suspect then redis.call('HDEL', suspectsKey(task.worker), task.token) end
  if not task.parked and isCounted(task.worker, task.name) then
    redis.call('HINCRBY', localKey(task.worker), task.name, -1)
  end
  if task.parked then
    redis.call('SREM', parkedKey(task.name), task.id)
    for _, limit in ipairs({ '', task.name, task.name .. '@' .. (task.limitKey or '') }) do
      redis.call('SREM', resumingKey(limit), task.id)
    end
  end
  if task.limitKey then
    redis.call('SREM', slotsKey(task.name .. '@' .. task.limitKey), task.id)
    unblock(task.name .. '@' .. task.limitKey)
  end
end

-- How long the recent attempts of a definition ran, on average: each counts a tenth of all before it.
local paces = {}
local notePace = function(name, took)
  local mean = paces[name] or tonumber(redis.call('HGET', paceKey, name) or nil)
  paces[name] = mean and mean + (took - mean) / 10 or took
end
local writePaces = function()
  for name, mean in pairs(paces) do putField(paceKey, name, string.format('%.1f', mean)) end
end

-- Ends the open attempt and moves the record on. 'given': output; failure (for the record) and brief (for the
-- attempt); retryable; retryAfter (ms); reported (a worker's own word, which it may repeat).
local settle = function(task, outcome, given)
  local policy = policyOf(task)
  local brief = given.brief
  local changes = { token = false, worker = false, timeoutAt = false, parked = false, failure = given.failure,
    endedToken = given.reported and task.token }
  if outcome == 'SUCCEEDED' then
    changes.status = 'SUCCEEDED'
    changes.outputBytes = int(#given.output)
  elseif task.status == 'CANCELING' then
    -- Asked to stop, and stopped, however: never a retry.
    changes.status, outcome, brief = 'CANCELED', 'CANCELED', nil
  elseif outcome == 'FAILED' then
    changes.status = afterFailure(task, changes, given.retryable, given.retryAfter)
  elseif outcome == 'TIMED_OUT' then
    -- A worker whose clock is fast says so a moment before.
    local late = task.deadlineAt and (task.timeoutAt == task.deadlineAt or now >= tonumber(task.deadlineAt))
    changes.failure = late and deadlineFailure(task) or failureJson(task, 'TIMED_OUT',
      'The attempt took longer than its timeout of ' .. seconds(policy.timeoutMs or 0) .. '.', true)
    brief = changes.failure
    changes.status = afterFailure(task, changes, not late)
  elseif outcome == 'LOST' then
    local lost = (task.lost or 0) + 1
    changes.lost = int(lost)
    brief = failureJson(task, 'WORKER_LOST', 'The worker of this attempt was lost.', true)
    if lost > policy.maxDeliveries then
      changes.status = 'FAILED'
      changes.failure = failureJson(task, 'WORKER_LOST', 'The worker of this task was lost ' .. int(lost)
        .. ' times; its definition allows ' .. int(policy.maxDeliveries) .. ' (maxDeliveries).', false)
    else
      changes.status = 'QUEUED'
    end
  else
    changes.status = 'QUEUED'
  end
  -- A delivery that told its own end has shown that it doesn't kill its worker.
  if given.reported and outcome ~= 'SUPERSEDED' then changes.suspect = false end
  if given.suspect then changes.suspect = given.suspect end

  checkMove(task, changes.status)

  if outcome == 'SUCCEEDED' then
    if #given.output <= ${inlineOutputBytes} then
      changes.output = given.output
    else
      redis.call('SET', outputKey(task.id), given.output)
    end
  end
  local attempt = 'attempt:' .. task.attempt
  -- One whose entry is gone, by whatever hand, has to end as well.
  local open = task[attempt] or '{"number":' .. task.attempt .. ',"worker":"'
    .. task.worker .. '","startedAt":' .. nowText
  changes[attempt] = open .. ',"finishedAt":' .. nowText .. ',"outcome":"' .. outcome
    .. '"' .. (brief and ',"failure":' .. brief or '') .. '}'
  local took = now - open:match('"startedAt":(%d+)')
  if given.reported and (outcome == 'SUCCEEDED' or outcome == 'FAILED') then notePace(task.name, took) end
  -- When the run of a lost worker ended, nobody knows; one that was given back tells nothing of its definition.
  if given.reported and outcome ~= 'SUPERSEDED' or outcome == 'TIMED_OUT' then
    noteTime(task.name, outcome == 'SUCCEEDED' and '${activityFields.success}' or '${activityFields.run}',
      math.max(0, took))
  end
  if outcome == 'FAILED' or outcome == 'TIMED_OUT' or outcome == 'LOST' then
    countActivity(task.name, '${activityFields.attemptsFailed}')
  end
  -- Its own entries first: what its key's limit lets go of next must not meet it.
  leavePlaces(task)
  if changes.status ~= 'FAILED' then changes.failure = false end
  if isFinal[changes.status] then
    changes.finished = nowText
  else
    changes.progress = false
  end
  local json = change(task, changes)
  if task.status == 'QUEUED' then wait(task) end
  return json
end
`;

/**
 * Ends deliveries of one worker and takes their slots' next tasks, one after the other: each as if it were alone.
 *
 * KEYS: queue root
 * ARGV: worker, how many, for each of these `itemsPerCall` at most: id, token, outcome (SUCCEEDED, FAILED, TIMED_OUT,
 *       SUPERSEDED), output (JSON), failure (JSON), brief failure (JSON), retryable (1/0), retry after (ms or ''), token of
 *       the slot's next delivery ('' = the slot stops), hint, may take a suspect (1/0); then line, …
 * Returns [[1 counted / 0 stale, next delivery as in begin or '', the task's status or ''] or, of one that failed, [-1, error], …], hint, id,
 *         delivery, …
 *
 * A repeat with the same tokens answers as the first call did, including the same next tasks.
 */
export const finish = defineScript(`${prelude}${claim}${settle}
local worker, many = ARGV[1], tonumber(ARGV[2])
for i = 3 + many * ${finishFields}, #ARGV do serves(ARGV[i]) end
local makesWork, wasStale, taken = false, false, {}
local endOne = function(first)
  local id, token, outcome, output, failure, brief, retryable, retryAfter, nextToken, hint,
    maySuspect = unpack(ARGV, first, first + ${finishFields - 1})
  local task = load(id)
  local isCounted = 0
  if task and task.token == token then
    -- What has ended makes room where only so many may run, and what waits again may be another worker's: also where this
    -- slot goes on with something else.
    makesWork = makesWork or task.suspect or isLimited(task.name)
      or served[task.name .. ':' .. task.definition] ~= true
    settle(task, outcome, { output = output, failure = failure ~= '' and failure, brief = brief ~= '' and brief,
      retryable = retryable == '1', retryAfter = tonumber(retryAfter), reported = true })
    makesWork = makesWork or task.status == 'QUEUED'
    isCounted = 1
  else
    if task and task.endedToken == token then isCounted = 1 else wasStale = true end
    putField(runsKey(worker), token, false)
    redis.call('HDEL', suspectsKey(worker), token)
    moved[worker] = true
  end
  -- Before the slot goes on, perhaps with the same task.
  local status = task and task.status or ''
  local delivery = nextToken ~= '' and claim(worker, nextToken, served, maySuspect == '1')
  if delivery then
    taken[#taken + 1] = delivery
  else
    redis.call('HDEL', heldKey, hint)
    makesWork = true
  end
  return { isCounted, delivery or '', status }
end

gather()
local nextTokens = {}
for i = 1, many do
  local token = ARGV[2 + (i - 1) * ${finishFields} + 9]
  if token ~= '' then nextTokens[#nextTokens + 1] = token end
end
begun = {}
if #nextTokens > 0 then
  local ids = redis.call('HMGET', runsKey(worker), unpack(nextTokens))
  for i, token in ipairs(nextTokens) do begun[token] = ids[i] end
end
local answers = {}
for i = 1, many do
  local fine, answer = pcall(endOne, 3 + (i - 1) * ${finishFields})
  answers[i] = fine and answer or { -1, type(answer) == 'table' and answer.err or tostring(answer) }
  if not fine then makesWork = true end
end
if #taken > 0 then
  local keys = {}
  for i, delivery in ipairs(taken) do keys[i] = inputKey(delivery[1]) end
  for i, input in ipairs(redis.call('MGET', unpack(keys))) do taken[i][5] = input end
end
local hints = {}
-- Else as busy as before.
if makesWork then hints = wake() elseif wasStale then noteIdle() end
writePaces()
flush()
flushHeads()
return { answers, unpack(hints) }
`);
