import { allowedMoves } from '../moves.ts';
import { isFinal, taskStatuses } from '../task.ts';
import { activityCounts } from './activity-counts.ts';
import { batchCounts } from './batch-counts.ts';
import { journalLife } from './journal-life.ts';
import { attemptsShown, flowMs, keepFlowMs, sweepAfterMs, tickMs } from './bounds.ts';
import { gathering } from './gather.ts';
import { ownerCounts } from './owner-counts.ts';

const moves = taskStatuses.flatMap((from) => allowedMoves[from].map((to) => `${from}>${to}`)).join(' ');
const finals = taskStatuses.filter((status) => isFinal(status)).map((status) => `${status}=true`);

/** Policies that are kept as decoded: a server has few definitions, and few versions of each. */
const policiesKept = 1_000;

/** Members of a state, by the fields of the record which hold them as JSON. */
const stateMembers = [
  ['parent', 'parent'],
  ['replayOf', 'replayOf'],
  ['trace', 'trace'],
  ['startedAt', 'started'],
  ['finishedAt', 'finished'],
  ['nextAttemptAt', 'due'],
  ['runAt', 'runAt'],
  ['priority', 'priority'],
  ['expiresAt', 'expiresAt'],
  ['deadlineAt', 'deadlineAt'],
  ['progress', 'progress'],
  ['streams', 'streams'],
  ['failure', 'failure'],
  ['cancellation', 'cancellation'],
  ['outputBytes', 'outputBytes'],
  ['output', 'output'],
] as const;

/**
 * A record: its fields, its state as JSON, its clock, and the one function by which it changes. Lua never
 * decodes or re-encodes user JSON, as cjson turns `[]` into `{}` and large integers into floats: the state is
 * joined from opaque strings.
 */
export const record = `
local moves = ' ${moves} '
local isFinal = {${finals.join(',')}}
local time = redis.call('TIME')
local nowUs = time[1] * 1000000 + time[2]
local now = math.floor(nowUs / 1000)
-- As text. In pieces, as large numbers print slowly, and as %d ends at 31 bits in the embedded store.
local int = function(number)
  number = number + 0
  if number < 0 or number % 1 ~= 0 then return string.format('%.0f', number) end
  if number < 1000000000 then return string.format('%d', number) end
  return string.format('%d%09d', number / 1000000000, number % 1000000000)
end
local nowText = int(now)

${gathering}
-- The fields of a record. Each of a new one is shorter than 64 bytes, but for the words of users: so Redis keeps the
-- hash in one piece, in a third of the memory. What may be long is apart: the input, and an output that isn't inline.
--   name, definition, status, version, attempt             created, started, finished: µs, ms, ms
--   owner, tags, parent, replayOf, trace: JSON             progress, streams, failure, cancellation, output: JSON
--   ties        with what it waits or belongs together: JSON of limitKey, pending (D or S and the hash of its
--               debounce or singleton key), batch, schedule, standsAt (where a child's parent stood in the backlog, µs);
--               each of them is a member of the loaded task
--   attempt:N   JSON of an attempt, left open while it runs
--   policy      the definition's: a key of 'policies'      token, worker  of the delivery that runs
--   tried       attempts of this round that failed         endedToken     of the last one that told its end
--   lost        deliveries of this round that were lost    suspect        how many suspects may run side by side
--   due         when its next attempt may start (ms)       timeoutAt      when the delivery's time is up (ms)
--   clock       its score in the 'due' set                 key, keyHash   idempotency key, hash of its input
--   runAt       when it was to start, where delayed (ms)   priority       its head start (s)
--   parked      its run waits for its children: 1          outputBytes    also of an output that isn't inline

-- The record as a table of strings, or nil: whole, as reading fields by their names takes Redis twice as long.
local load = function(id)
  local values = redis.call('HGETALL', taskKey(id))
  if not values[1] then return nil end
  local task = { id = id }
  for i = 1, #values, 2 do task[values[i]] = values[i + 1] end
  if task.ties then
    for name, value in pairs(cjson.decode(task.ties)) do task[name] = value end
  end
  return task
end

-- Kept as decoded, by their own hash: true whatever has happened to the data meanwhile.
local keptPolicies = {}
local keptPolicyCount = 0
local keepDecoded = function(key, json)
  local policy = cjson.decode(json)
  if redis.sha1hex(json):sub(1, 16) ~= key then return policy end
  if keptPolicyCount >= ${policiesKept} then keptPolicies, keptPolicyCount = {}, 0 end
  keptPolicies[key], keptPolicyCount = policy, keptPolicyCount + 1
  return policy
end
local policyOf = function(task)
  return keptPolicies[task.policy] or keepDecoded(task.policy, redis.call('HGET', policiesKey, task.policy))
end

-- What a state shows of a record as it is, where it has it.
local keptMembers = { ${stateMembers.map(([member, field]) => `'${field}', ',"${member}":'`).join(', ')} }
-- The state as JSON: what is published and what a snapshot reads.
local state = function(task)
  local attempt = tonumber(task.attempt)
  local parts = { '{"id":"', task.id, '","name":"', task.name, '","queue":"', KEYS[1]:match('{(.*)}'),
    '","status":"', task.status, '","version":', task.version, ',"attempt":', task.attempt, ',"attempts":[' }
  local n, between = #parts, ''
  for number = math.max(1, attempt - ${attemptsShown - 1}), attempt do
    local text = task['attempt:' .. number]
    if text then
      -- An attempt that runs is kept as an object left open.
      parts[n + 1], parts[n + 2], parts[n + 3] = between, text, text:byte(-1) == 125 and '' or '}'
      n, between = n + 3, ','
    end
  end
  parts[n + 1], parts[n + 2], parts[n + 3] = '],"createdAt":', task.created:sub(1, -4), ',"createdUs":'
  parts[n + 4], parts[n + 5], parts[n + 6] = task.created, ',"owner":', task.owner
  parts[n + 7], parts[n + 8], parts[n + 9] = ',"tags":', task.tags, ',"definitionVersion":"'
  parts[n + 10], parts[n + 11], parts[n + 12] = task.definition, '","maxAttempts":', int(policyOf(task).attempts)
  parts[n + 13], parts[n + 14] = ',"failedAttempts":', task.tried or '0'
  n = n + 14
  for i = 1, #keptMembers, 2 do
    local value = task[keptMembers[i]]
    if value then
      parts[n + 1], parts[n + 2] = keptMembers[i + 1], value
      n = n + 2
    end
  end
  if task.ties then
    if task.limitKey then parts[#parts + 1] = ',"limitKey":' .. cjson.encode(task.limitKey) end
    if task.batch then parts[#parts + 1] = ',"batch":"' .. task.batch .. '"' end
    if task.schedule then parts[#parts + 1] = ',"schedule":"' .. task.schedule .. '"' end
  end
  parts[#parts + 1] = '}'
  return table.concat(parts)
end

-- When time will next do something to a task by itself (ms), or nil.
local clockOf = function(task)
  local at
  local earliest = function(ms)
    ms = tonumber(ms or nil)
    if ms and (not at or ms < at) then at = ms end
  end
  if task.status == 'RUNNING' or task.status == 'CANCELING' then
    local allowance = policyOf(task).graceMs + ${sweepAfterMs}
    earliest(task.timeoutAt and task.timeoutAt + allowance)
    if task.status == 'CANCELING' then
      earliest(task.cancellation:match('"requestedAt":(%d+)') + allowance)
    end
  elseif not isFinal[task.status] then
    earliest(task.due)
    earliest(task.expiresAt)
    earliest(task.deadlineAt)
  end
  return at and int(at)
end

-- Puts a task where the clocks look for it. Gives its score, or false.
local setClock = function(task)
  local at = clockOf(task) or false
  if at ~= (task.clock or false) then
    if at then
      put(dueKey, task.id, at)
      if task.due then flush() end
      -- The clocks are told of what is due before they look again, and before everything else, so that it is on time.
      if task.due and (at - now < ${tickMs * 1.2} or redis.call('ZRANGE', dueKey, 0, 0)[1] == task.id) then
        redis.call('PUBLISH', dueKey, at)
      end
    else
      put(dueKey, task.id, false)
    end
    task.clock = at
  end
  return at
end

-- An idempotency key holds the id of its task and the hash of the input. It is free where its task isn't there any
-- more or has ended without a result, unless it stays with that one.
local holderOf = function(key, stays)
  local id, hash = (redis.call('GET', keyKey(key)) or ''):match('^(%S+) (%S+)$')
  local task = id and load(id)
  if task and (stays or task.status ~= 'FAILED' and task.status ~= 'EXPIRED') then return task, hash end
end
local holdKey = function(key, id, hash, untilMs) redis.call('SET', keyKey(key), id .. ' ' .. hash, 'PXAT', untilMs) end
local releaseKey = function(task)
  local id = (redis.call('GET', keyKey(task.key)) or ''):match('^%S+')
  if id == task.id then redis.call('DEL', keyKey(task.key)) end
end

${journalLife}
-- What becomes of a record that is final, and of its idempotency key: the two end together.
local retire = function(task)
  local policy = policyOf(task)
  local removal = now + (task.status == 'SUCCEEDED' and policy.keepSuccessMs or policy.keepFailureMs)
  -- One that FAILED or EXPIRED keeps no key from others, but is still found by it.
  if task.keyUntil and task.status ~= 'FAILED' and task.status ~= 'EXPIRED' then
    removal = math.max(removal, tonumber(task.keyUntil))
  end
  put(removalsKey, task.id, removal)
  -- Only the net: the clock removes the record with its index entries.
  local net = int(removal + 86400000)
  redis.call('PEXPIREAT', taskKey(task.id), net)
  redis.call('PEXPIREAT', inputKey(task.id), net)
  if task.outputBytes and not task.output then redis.call('PEXPIREAT', outputKey(task.id), net) end
  local logsEnd = now + (policy.keepLogsMs or math.huge)
  retireJournals(task.id, logsEnd < removal and int(logsEnd) or net, net)
end

-- To be asked before anything is written: what a script has written stays where it fails.
local checkMove = function(task, status)
  if not moves:find(' ' .. task.status .. '>' .. status .. ' ', 1, true) then
    error('a task may not go from ' .. task.status .. ' to ' .. status)
  end
end

-- A task that waits alone under its debounce or singleton key does so until its time has come, or its first start.
local leavePending = function(task, to)
  local mode, hash = task.pending:match('^(.)(.*)$')
  if task.attempt == '0' and (to == 'SCHEDULED' or to == 'QUEUED' and mode == 'S') then return end
  if redis.call('GET', pendingKey(hash)) == task.id then redis.call('DEL', pendingKey(hash)) end
end

-- Publishes the state; gives it. Where nobody hears of all states, nobody will within this call.
local listeners
local tell = function(task)
  local json = state(task)
  redis.call('PUBLISH', stateChannel(task.id), json)
  if listeners ~= 0 then listeners = redis.call('PUBLISH', statesChannel, json) end
  return json
end

${batchCounts}${ownerCounts}${activityCounts}
-- Writes changes (a table of strings; false removes the field), raises the version, moves the index entry
-- and publishes. The only way in which a record changes. Returns the state.
local change = function(task, changes)
  local key = taskKey(task.id)
  local from, to = task.status, changes.status or task.status
  if from ~= to then
    checkMove(task, to)
    put(indexKey(task.name, from), task.id, false)
    put(indexKey(task.name, to), task.id, task.created)
    if task.pending then leavePending(task, to) end
    if task.batch then countInBatch(task.batch, from, to) end
    countWaiting(task.owner, from, to)
  end
  -- Also grows over a failover that lost writes, as time goes on there.
  changes.version = int(math.max(task.version + 1, nowUs - task.created))
  local clock = task.clock
  local was = {}
  for field, value in pairs(changes) do
    was[field] = task[field]
    task[field] = value
  end
  if setClock(task) ~= (clock or false) then changes.clock, was.clock = task.clock, clock end
  local set, removed = {}, {}
  for field, value in pairs(changes) do
    if value then
      set[#set + 1] = field
      set[#set + 1] = value
    elseif was[field] then
      removed[#removed + 1] = field
    end
  end
  redis.call('HSET', key, unpack(set))
  if #removed > 0 then redis.call('HDEL', key, unpack(removed)) end
  -- What it has enqueued follows, in whatever queues that is.
  if (to == 'CANCELING' or to == 'CANCELED') and from ~= to and redis.call('EXISTS', childrenKey(task.id)) == 1 then
    redis.call('ZADD', outboxKey, int(now), task.id)
  end
  if from ~= to and isFinal[to] then
    retire(task)
    countOne(flowKey(int(math.floor(now / ${flowMs}))), to, ${keepFlowMs})
    -- A success is counted by how long it ran.
    if to ~= 'SUCCEEDED' then countActivity(task.name, to) end
    -- A worker counts what it has told itself.
    if not changes.endedToken then addTo(endsKey, task.name .. ':' .. to, 1) end
  elseif isFinal[from] and not isFinal[to] then
    put(removalsKey, task.id, false)
    redis.call('PERSIST', key)
    redis.call('PERSIST', inputKey(task.id))
    keepJournals(task.id)
  end
  local json = tell(task)
  if task.batch and from ~= to then tellBatch(task.batch) end
  return json
end
`;
