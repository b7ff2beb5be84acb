import { tickMs } from './bounds.ts';

/** The most schedules whose slots one look of a clock finds. */
export const schedulesPerTick = 20;

/** The schedules of a definition that no process has had for so long wait until one has it again. */
export const dormantMs = 86_400_000;

/** The newest tasks of a schedule among which those are looked for that haven't ended. */
const previousTasks = 20;

/**
 * Schedules in Redis. What they have in common by definition (version, policy) stands once under the name of the
 * definition, as the process that started last has it: so the tasks of a new slot are those of the new code.
 */
export const schedules = `
-- Puts a schedule where the clocks look for it; '' takes it away. They are told of what comes before they look again,
-- and before everything else, so that it is on time.
local setNextSlot = function(id, at)
  if at == '' then
    redis.call('ZREM', schedulesKey, id)
  else
    redis.call('ZADD', schedulesKey, at, id)
    if at - now < ${tickMs * 1.2} or redis.call('ZRANGE', schedulesKey, 0, 0)[1] == id then
      redis.call('PUBLISH', dueKey, at)
    end
  end
end

-- Its fields, the newest of its tasks among them; {} where there is none.
local readSchedule = function(id)
  local values = redis.call('HGETALL', scheduleKey(id))
  if #values == 0 then return values end
  for _, value in ipairs({ 'id', id, 'readUs', int(nowUs), 'lastTask',
    redis.call('ZRANGE', tagKey('\\1schedule:' .. id), 0, 0, 'REV')[1] or '' }) do
    values[#values + 1] = value
  end
  return values
end

-- The lists that it stands in: of all, of its definition, and of its owner where that has signed in.
local listsOf = function(id)
  local name, tagList = unpack(redis.call('HMGET', scheduleKey(id), 'name', 'tagList'))
  local lists = { scheduleIdsKey(), scheduleIdsKey(name) }
  local owner = tagList and tagList:match('\\1o:[^\\n]+')
  if owner then
    lists[3], lists[4] = scheduleIdsKey(owner), scheduleIdsKey(owner .. ':' .. name)
  end
  return lists
end

-- Writes fields, where nobody else has since they were read (revision; '' = there is none yet). 'at' is the next
-- slot, '' for none, '=' for the one that is set. 'paused' are members of an object, each with a comma before it: the
-- time comes first.
local putSchedule = function(id, revision, at, values, order)
  local key = scheduleKey(id)
  if (redis.call('HGET', key, 'revision') or '') ~= revision then return false end
  for i = 2, #values, 2 do
    local value = values[i]
    if values[i - 1] == 'paused' and value ~= '' then
      values[i] = '{"at":' .. int(now) .. (value == ',' and '' or value) .. '}'
    end
  end
  redis.call('HSET', key, 'revision', int((tonumber(revision) or 0) + 1), unpack(values))
  if revision == '' then
    -- One after the other also where several are made at once, as lists go by it.
    local created = int(nowUs + (order or 0))
    local name, source = unpack(redis.call('HMGET', key, 'name', 'source'))
    redis.call('HSET', key, 'created', created)
    for _, list in ipairs(listsOf(id)) do redis.call('ZADD', list, created, id) end
    if source == 'CODE' then redis.call('SADD', codeSchedulesKey(name), id) end
  end
  if at ~= '=' then
    redis.call('HSET', key, 'next', at)
    setNextSlot(id, at)
  end
  redis.call('PUBLISH', schedulesKey, id)
  return true
end

local dropSchedule = function(id)
  local name, owner = unpack(redis.call('HMGET', scheduleKey(id), 'name', 'owner'))
  if not name then return false end
  for _, list in ipairs(listsOf(id)) do redis.call('ZREM', list, id) end
  redis.call('SREM', codeSchedulesKey(name), id)
  redis.call('DEL', scheduleKey(id))
  setNextSlot(id, '')
  redis.call('PUBLISH', schedulesKey, '-{"id":"' .. id .. '","definition":"' .. name .. '","owner":' .. owner .. '}')
  return true
end

-- Those of its newest tasks that haven't ended.
local previousOf = function(id)
  local previous = {}
  for _, other in ipairs(redis.call('ZRANGE', tagKey('\\1schedule:' .. id), 0, ${previousTasks - 1}, 'REV')) do
    local task = load(other)
    if task and not isFinal[task.status] then previous[#previous + 1] = task end
  end
  return previous
end
`;

/** What a look of the clock finds: `{ id, next, revision, times, anchor, missed, … }` of those whose slot has come, and the next after them. */
export const dueSchedules = `
local dueSchedules = function()
  local due = {}
  for _, id in ipairs(redis.call('ZRANGE', schedulesKey, '-inf', int(now), 'BYSCORE', 'LIMIT', 0, ${schedulesPerTick})) do
    local name, next, revision, times, anchor, missed = unpack(redis.call('HMGET', scheduleKey(id), 'name', 'next',
      'revision', 'times', 'anchor', 'missed'))
    local seen = name and redis.call('HGET', scheduledKey(name), 'seen')
    if not seen or now - seen > ${dormantMs} then
      redis.call('ZREM', schedulesKey, id)
    else
      for _, value in ipairs({ id, next, revision, times, anchor, missed }) do due[#due + 1] = value end
    end
  end
  local later = redis.call('ZRANGE', schedulesKey, '(' .. int(now), '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  return due, tonumber(later[2] or nil)
end
`;
