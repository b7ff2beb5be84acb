import { timeUp } from './begin.ts';
import { cancelTask } from './cancel.ts';
import { registerLimit } from './rules.ts';

/**
 * `enqueue(item)` writes a task, or finds out why not. An item has the members that its caller reads from ARGV;
 * `options` are JSON of ours, or '':
 * `{ delayMs, runAt, priority, limitKey, limits: { since, rules }, pending: { hash, mode: 'D' or 'S', waitMs, maxWaitMs },
 * batch, schedule }`.
 *
 * | returns | when |
 * |---|---|
 * | 1, state | it was made |
 * | 0, state | it was there: its id, its idempotency key, or one that waits under its singleton key |
 * | 2, state | one that waits under its debounce key has taken its input |
 * | -1, state | the idempotency key is another input's |
 * | -2, bound | the queue holds as many waiting tasks as it may |
 * | -3, '' | the queue takes no new tasks |
 * | -4, ms or '' | its limit has no room and rejects; when it may have |
 */
export const enqueue = `${timeUp}${cancelTask}${registerLimit}
local waitingIn = function(status)
  local count = 0
  for _, name in ipairs(redis.call('SMEMBERS', namesKey)) do count = count + redis.call('ZCARD', indexKey(name, status)) end
  return count
end

-- The one that waits under a debounce or singleton key, if any.
local pendingOne = function(pending)
  local id = redis.call('GET', pendingKey(pending.hash))
  local task = id and load(id)
  if task and task.attempt == '0'
    and (task.status == 'SCHEDULED' or task.status == 'QUEUED' and pending.mode == 'S') then return task end
end
-- Joins it: a debounced one takes the new input and waits anew, a single one starts at the earlier time of both.
local join = function(item, pending, task, due)
  local changes = {}
  if pending.mode == 'D' then
    redis.call('HSET', taskKey(task.id), 'input', item.input)
    local latest = pending.maxWaitMs and math.floor(task.created / 1000) + pending.maxWaitMs or math.huge
    local at = math.min(now + pending.waitMs, latest)
    changes.due, changes.runAt = int(at), int(at)
    if at <= now then changes.status, changes.due = 'QUEUED', false end
  elseif task.status == 'SCHEDULED' and (not due or due < tonumber(task.due)) then
    changes.due, changes.runAt = due and int(due) or false, due and int(due) or false
    if not due then changes.status = 'QUEUED' end
  end
  local rules = policyOf(task)
  if changes.runAt ~= nil and rules.expiresInMs then
    changes.expiresAt = int((tonumber(changes.runAt or nil) or now) + rules.expiresInMs)
  end
  if item.key ~= '' then
    local untilMs = now + item.keyMs
    holdKey(item.key, task.id, item.keyHash, int(untilMs))
    changes.keyUntil = int(math.max(untilMs, tonumber(task.keyUntil or 0)))
  end
  if next(changes) then change(task, changes) end
  if changes.status == 'QUEUED' then wait(task) end
  return pending.mode == 'D' and 2 or 0, state(task)
end

-- A task that is due now meets its limits here where they don't let it wait. Gives what to answer, or nil.
local meetLimit = function(task, limit, rule, waiting)
  if not rule or not rule.whenFull or rule.whenFull == 'WAIT' then return nil end
  local room, at = roomBy(limit, rule)
  if waiting() < room then return nil end
  if rule.whenFull == 'REJECT' then return -4, at and int(at) or '' end
  local ids = task.limitKey and limit ~= task.name
    and redis.call('ZRANGE', backlogKey(lineOf(task) .. task.limitKey), 0, 99)
    or redis.call('ZRANGE', indexKey(task.name, 'QUEUED'), 0, 0)
  local oldest
  for _, id in ipairs(ids) do
    local other = load(id)
    if other and other.status == 'QUEUED' and (not oldest or tonumber(other.created) < tonumber(oldest.created)) then
      oldest = other
    end
  end
  if oldest then cancelTask(oldest, ',"reason":"A newer one took its place, as its limit has no room."') end
end
local refused = function(task, due)
  local draining, bound = unpack(redis.call('HMGET', rulesKey, 'draining', 'maxWaiting'))
  if draining then return -3, '' end
  if bound and waitingIn('QUEUED') + waitingIn('SCHEDULED') >= tonumber(bound) then return -2, bound end
  if due then return nil end
  local rules = rulesOf(task.name)
  local code, detail = meetLimit(task, task.name, rules.all, function()
    return redis.call('ZCARD', indexKey(task.name, 'QUEUED'))
  end)
  if code or not task.limitKey then return code, detail end
  return meetLimit(task, task.name .. '@' .. task.limitKey, rules.key, function()
    return redis.call('ZCARD', backlogKey(lineOf(task) .. task.limitKey))
  end)
end

local enqueue = function(item)
  local id, key = item.id, item.key
  local known = load(id)
  if known then return 0, state(known) end
  if key ~= '' then
    local original, hash = holderOf(key)
    if original then return hash == item.keyHash and 0 or -1, state(original) end
  end
  local options = item.options ~= '' and cjson.decode(item.options) or {}
  local pending = options.pending
  local due = options.runAt or options.delayMs and now + options.delayMs
  if pending and pending.mode == 'D' then due = now + pending.waitMs end
  if due and due <= now then due = nil end
  local other = pending and pendingOne(pending)
  if other then return join(item, pending, other, due) end

  local task = { id = id, name = item.name, definition = item.definition, status = due and 'SCHEDULED' or 'QUEUED',
    version = '1', created = int(nowUs), attempt = '0', policy = item.policy, due = due and int(due),
    runAt = due and int(due), priority = options.priority and options.priority ~= 0 and int(options.priority) }
  local ties = { limitKey = options.limitKey, batch = options.batch, schedule = options.schedule,
    pending = pending and pending.mode .. pending.hash or nil }
  if next(ties) then task.ties = cjson.encode(ties) end
  for name, value in pairs(ties) do task[name] = value end
  if options.limits then registerLimit(item.name, options.limits.since, options.limits.rules) end
  if hasRules() then
    local code, detail = refused(task, due)
    if code then return code, detail end
  end
  local optional = function(field, value)
    if value and value ~= '' then task[field] = value end
  end
  local rules = policyOf(task)
  local facts = { '"owner":' .. item.owner, '"tags":' .. item.tags, '"definitionVersion":"' .. item.definition .. '"',
    '"maxAttempts":' .. int(rules.attempts) }
  for _, name in ipairs({ 'parent', 'replayOf', 'trace' }) do
    if item[name] ~= '' then facts[#facts + 1] = '"' .. name .. '":' .. item[name] end
  end
  task.facts = table.concat(facts, ',')
  -- From when it is due: a delay longer than this could never start.
  optional('expiresAt', rules.expiresInMs and int((due or now) + rules.expiresInMs))
  optional('deadlineAt', rules.deadlineMs and int(now + rules.deadlineMs))
  if key ~= '' then
    task.key, task.keyUntil = key, int(now + item.keyMs)
    holdKey(key, id, item.keyHash, task.keyUntil)
  end
  if pending then redis.call('SET', pendingKey(pending.hash), id) end
  setClock(task)
  local record = { 'input', item.input }
  for _, field in ipairs(fields) do
    if task[field] then
      record[#record + 1] = field
      record[#record + 1] = task[field]
    end
  end
  if key ~= '' then
    for _, value in ipairs({ 'keyHash', item.keyHash, 'keyMs', item.keyMs }) do record[#record + 1] = value end
  end
  redis.call('HSET', taskKey(id), unpack(record))
  redis.call('SADD', namesKey, item.name)
  redis.call('ZADD', indexKey(item.name), task.created, id)
  redis.call('ZADD', indexKey(item.name, task.status), task.created, id)
  if item.tagList ~= '' then
    redis.call('HSET', taskKey(id), 'tagList', item.tagList)
    for tag in item.tagList:gmatch('[^\\n]+') do
      redis.call('ZADD', tagKey(tag), task.created, id)
      redis.call('SADD', tagsKey, tag)
    end
  end
  if task.batch then redis.call('HINCRBY', batchKey(task.batch), task.status, 1) end
  if not due then wait(task) end
  local json = state(task)
  redis.call('PUBLISH', stateChannel(id), json)
  redis.call('PUBLISH', statesChannel, json)
  return 1, json
end
`;
