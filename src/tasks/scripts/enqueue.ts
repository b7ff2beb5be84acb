import { activityFields } from './activity-counts.ts';
import { timeUp } from './begin.ts';
import { itemsPerCall } from './bounds.ts';
import { cancelTask } from './cancel.ts';
import { registerLimit } from './rules.ts';

/**
 * `enqueue(item)` writes a task, or finds out why not. An item has the members that its caller reads from ARGV;
 * `options` are JSON of ours, or '':
 * `{ delayMs, runAt, priority, limitKey, limits: { since, rules }, pending: { hash, mode: 'D' or 'S', waitMs, maxWaitMs },
 * batch, schedule, standsAt, room: { most, elsewhere } }`.
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
 * | -5, most | as many tasks of its owner wait, here and elsewhere, as may |
 */
export const enqueue = `${timeUp}${cancelTask}${registerLimit}
local waitingIn = function(status)
  flush()
  local count = 0
  for _, name in ipairs(redis.call('SMEMBERS', namesKey)) do count = count + redis.call('ZCARD', indexKey(name, status)) end
  return count
end

-- The one that waits under a debounce or singleton key, if any.
local pendingOne = function(pending, definition)
  local id = redis.call('GET', pendingKey(pending.hash))
  local task = id and load(id)
  if not task or task.attempt ~= '0' then return nil end
  if pending.mode == 'D' then return task.status == 'SCHEDULED' and task or nil end
  -- One with another shape of input may be nobody's to run any more.
  local waits = task.status == 'SCHEDULED' or task.status == 'QUEUED'
  return waits and task.definition == definition and task or nil
end
-- A debounced task takes the input of the last one, and with it the version that it was checked against and its key.
local takeInput = function(task, item, limitKey, changes)
  redis.call('SET', inputKey(task.id), item.input)
  changes.definition = item.definition
  if task.limitKey ~= limitKey then
    task.limitKey = limitKey
    changes.ties = cjson.encode({ limitKey = limitKey, pending = task.pending, batch = task.batch,
      schedule = task.schedule })
  end
end
-- Joins it: a debounced one takes the new input and waits anew, a single one starts at the earlier time of both.
local join = function(item, options, task, due)
  local pending, changes = options.pending, {}
  if pending.mode == 'D' then
    takeInput(task, item, options.limitKey, changes)
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

-- The limits that a task meets here, where they don't let it wait, with the list of those that wait under each, and
-- how many of its first ones tell the oldest.
local limitsOf = function(task)
  local rules, limits = rulesOf(task.name), {}
  local add = function(name, rule, waiting, looked)
    if not rule or not rule.whenFull or rule.whenFull == 'WAIT' then return end
    limits[#limits + 1] = { name = name, rule = rule, waiting = waiting, looked = looked }
  end
  add(task.name, rules.all, indexKey(task.name, 'QUEUED'), 1)
  if task.limitKey then
    add(task.name .. '@' .. task.limitKey, rules.key, backlogKey(lineOf(task) .. task.limitKey), ${itemsPerCall})
  end
  return limits
end
local isFull = function(limit)
  flush()
  return redis.call('ZCARD', limit.waiting) >= roomBy(limit.name, limit.rule)
end
-- When one more than those that wait may start (ms), or '': when a run ends.
local retryAt = function(limit)
  local rule, waiting = limit.rule, redis.call('ZCARD', limit.waiting)
  if not rule.n or roomBy(limit.name, { c = rule.c }) <= waiting then return '' end
  return int(startAt(limit.name, rule, waiting))
end
local cancelOldest = function(limit)
  local oldest
  for _, id in ipairs(redis.call('ZRANGE', limit.waiting, 0, limit.looked - 1)) do
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
  -- Who is refused takes nobody's place.
  local limits = limitsOf(task)
  for _, limit in ipairs(limits) do
    if limit.rule.whenFull == 'REJECT' and isFull(limit) then return -4, retryAt(limit) end
  end
  for _, limit in ipairs(limits) do
    if limit.rule.whenFull == 'CANCEL_OLDEST' and isFull(limit) then cancelOldest(limit) end
  end
end

-- Records of one policy share it. Gives the key of it.
local policyKeys = {}
local keepPolicy = function(json)
  local key = policyKeys[json]
  if not key then
    key = redis.sha1hex(json):sub(1, 16)
    redis.call('HSETNX', policiesKey, key, json)
    policyKeys[json] = key
    if not keptPolicies[key] then keepDecoded(key, json) end
  end
  return key
end
-- Tasks that this call has made: each has a microsecond of its own, which is its place among them. A call takes longer
-- for each, so that the next one is later.
local made = 0
-- Definitions that are known to have had a task here.
local named = {}
-- Fields that a new record may have.
local newFields = { 'name', 'definition', 'status', 'version', 'created', 'owner', 'tags', 'parent', 'replayOf', 'trace',
  'ties', 'attempt', 'policy', 'due', 'expiresAt', 'deadlineAt', 'clock', 'key', 'keyUntil', 'runAt', 'priority' }

local enqueue = function(item)
  local id, key = item.id, item.key
  local known = load(id)
  if known then return 0, state(known) end
  local options = item.options ~= '' and cjson.decode(item.options) or {}
  if key ~= '' then
    -- An item of a batch stays with the task that stood for it, however that ended, and so does who resumes one.
    local original, hash = holderOf(key, options.batch or options.resume)
    if original then return hash == item.keyHash and 0 or -1, state(original) end
  end
  local pending = options.pending
  local due = options.runAt or options.delayMs and now + options.delayMs
  if pending and pending.mode == 'D' then due = now + math.min(pending.waitMs, pending.maxWaitMs or math.huge) end
  if due and due <= now then due = nil end
  local other = pending and pendingOne(pending, item.definition)
  if other then return join(item, options, other, due) end

  local task = { id = id, name = item.name, definition = item.definition, status = due and 'SCHEDULED' or 'QUEUED',
    version = '1', created = int(nowUs + made), attempt = '0', policy = keepPolicy(item.policy),
    owner = item.owner, tags = item.tags, due = due and int(due),
    runAt = due and int(due), priority = options.priority and options.priority ~= 0 and int(options.priority) }
  local ties = { limitKey = options.limitKey, batch = options.batch, schedule = options.schedule,
    standsAt = options.standsAt, pending = pending and pending.mode .. pending.hash or nil }
  if next(ties) then task.ties = cjson.encode(ties) end
  for name, value in pairs(ties) do task[name] = value end
  -- What joined another one, or was there, takes no room.
  local room = options.room
  if room and room.elsewhere + waitingOfOwner(item.owner) >= room.most then return -5, int(room.most) end
  if options.limits then registerLimit(item.name, options.limits.since, options.limits.rules) end
  if hasRules() then
    local code, detail = refused(task, due)
    if code then return code, detail end
  end
  local optional = function(field, value)
    if value and value ~= '' then task[field] = value end
  end
  local rules = policyOf(task)
  optional('parent', item.parent)
  optional('replayOf', item.replayOf)
  optional('trace', item.trace)
  -- From when it is due: a delay longer than this could never start.
  optional('expiresAt', rules.expiresInMs and int((due or now) + rules.expiresInMs))
  optional('deadlineAt', rules.deadlineMs and int(now + rules.deadlineMs))
  if key ~= '' then
    task.key, task.keyUntil = key, int(now + item.keyMs)
    holdKey(key, id, item.keyHash, task.keyUntil)
  end
  if pending then redis.call('SET', pendingKey(pending.hash), id) end
  setClock(task)
  redis.call('SET', inputKey(id), item.input)
  local record = {}
  for _, field in ipairs(newFields) do
    if task[field] then
      record[#record + 1] = field
      record[#record + 1] = task[field]
    end
  end
  if key ~= '' then
    for _, value in ipairs({ 'keyHash', item.keyHash, 'keyMs', item.keyMs }) do record[#record + 1] = value end
  end
  if item.tagList ~= '' then
    record[#record + 1] = 'tagList'
    record[#record + 1] = item.tagList
  end
  redis.call('HSET', taskKey(id), unpack(record))
  if not named[item.name] then
    redis.call('SADD', namesKey, item.name)
    named[item.name] = true
  end
  put(indexKey(item.name), id, task.created)
  put(indexKey(item.name, task.status), id, task.created)
  if item.tagList ~= '' then
    for tag in item.tagList:gmatch('[^\\n]+') do
      put(tagKey(tag), id, task.created)
      redis.call('SADD', tagsKey, tag)
    end
  end
  if task.batch then countInBatch(task.batch, nil, task.status) end
  countWaiting(task.owner, nil, task.status)
  countActivity(task.name, '${activityFields.enqueued}')
  if not due then wait(task) end
  made = made + 1
  return 1, tell(task)
end
`;
