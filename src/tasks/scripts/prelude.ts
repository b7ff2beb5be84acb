import { luaKeys } from '../../redis/keys.ts';
import { allowedMoves, isFinal, taskStatuses } from '../task.ts';

/** The most items that one call of a script handles; what is left waits for the next call. */
export const itemsPerCall = 100;

/** Outputs up to this many bytes travel inside the state; larger ones are read by those who want them. */
export const inlineOutputBytes = 4_096;

/** The state shows this many of the last attempts. */
export const attemptsShown = 20;

const moves = taskStatuses
  .map((from) => `${from}={${allowedMoves[from].map((to) => `${to}=true`).join(',')}}`)
  .join(',');
const finals = taskStatuses.filter((status) => isFinal(status)).map((status) => `${status}=true`);

/**
 * What every script begins with: time, key names, a record's fields, its state as JSON, and the one
 * function by which a record changes. Lua never decodes or re-encodes user JSON, as cjson turns `[]` into
 * `{}` and large integers into floats: the state is joined from opaque strings.
 */
export const prelude = `
${luaKeys}
local moves = {${moves}}
local isFinal = {${finals.join(',')}}
local time = redis.call('TIME')
local nowUs = time[1] * 1000000 + time[2]
local now = math.floor(nowUs / 1000)
local int = function(number) return string.format('%.0f', number) end

-- The small fields of a record, in the order of HMGET. 'input' and 'output' are read apart.
local fields = { 'name', 'definition', 'status', 'version', 'created', 'owner', 'tags', 'parent', 'trace',
  'attempt', 'token', 'worker', 'started', 'finished', 'progress', 'failure', 'cancellation',
  'outputBytes', 'lost', 'maxDeliveries', 'keepSuccess', 'keepFailure', 'endedToken' }

-- The record as a table of strings, or nil.
local load = function(id)
  local values = redis.call('HMGET', taskKey(id), unpack(fields))
  if not values[1] then return nil end
  local task = { id = id }
  for i, field in ipairs(fields) do task[field] = values[i] end
  return task
end

-- The state as JSON: what is published and what a snapshot reads.
local state = function(task)
  local attempt = tonumber(task.attempt)
  local attempts = {}
  if attempt > 0 then
    local names = {}
    for number = math.max(1, attempt - ${attemptsShown - 1}), attempt do names[#names + 1] = 'attempt:' .. number end
    for _, text in ipairs(redis.call('HMGET', taskKey(task.id), unpack(names))) do
      -- An attempt that runs is kept as an object left open.
      if text then attempts[#attempts + 1] = text:sub(-1) == '}' and text or text .. '}' end
    end
  end
  local parts = { '{"id":"', task.id, '","name":"', task.name, '","queue":"', root:match('{(.*)}'),
    '","status":"', task.status, '","version":', task.version, ',"attempt":', task.attempt,
    ',"attempts":[', table.concat(attempts, ','), '],"createdAt":', int(math.floor(task.created / 1000)),
    ',"owner":', task.owner, ',"tags":', task.tags, ',"definitionVersion":"', task.definition, '"' }
  local add = function(name, json)
    if json then parts[#parts + 1] = ',"' .. name .. '":' .. json end
  end
  add('startedAt', task.started)
  add('finishedAt', task.finished)
  add('progress', task.progress)
  add('failure', task.failure)
  add('cancellation', task.cancellation)
  add('parent', task.parent)
  add('trace', task.trace)
  add('outputBytes', task.outputBytes)
  if task.outputBytes and tonumber(task.outputBytes) <= ${inlineOutputBytes} then
    add('output', redis.call('HGET', taskKey(task.id), 'output'))
  end
  parts[#parts + 1] = '}'
  return table.concat(parts)
end

-- Writes changes (a table of strings; false removes the field), raises the version, moves the index entry
-- and publishes. The only way in which a record changes. Returns the state.
local change = function(task, changes)
  local key = taskKey(task.id)
  if changes.status and changes.status ~= task.status then
    if not moves[task.status][changes.status] then
      error('a task may not go from ' .. task.status .. ' to ' .. changes.status)
    end
    redis.call('ZREM', indexKey(task.name, task.status), task.id)
    redis.call('ZADD', indexKey(task.name, changes.status), task.created, task.id)
  end
  -- Also grows over a failover that lost writes, as time goes on there.
  changes.version = int(math.max(task.version + 1, nowUs - task.created))
  local set, removed = {}, {}
  for field, value in pairs(changes) do
    if value then
      set[#set + 1] = field
      set[#set + 1] = value
    elseif task[field] then
      removed[#removed + 1] = field
    end
    task[field] = value
  end
  redis.call('HSET', key, unpack(set))
  if #removed > 0 then redis.call('HDEL', key, unpack(removed)) end
  if changes.status and isFinal[changes.status] then
    local keep = changes.status == 'SUCCEEDED' and task.keepSuccess or task.keepFailure
    local removal = now + tonumber(keep)
    redis.call('ZADD', removalsKey, removal, task.id)
    -- Only the net: the clock removes the record with its index entries.
    redis.call('PEXPIREAT', key, int(removal + 86400000))
  end
  local json = state(task)
  redis.call('PUBLISH', stateChannel(task.id), json)
  redis.call('PUBLISH', statesChannel, json)
  return json
end

-- The backlog. A line is 'name:definitionVersion'; its head says where it stands among the lines.
local lineOf = function(task) return task.name .. ':' .. task.definition end
local updateHead = function(line)
  local first = redis.call('ZRANGE', backlogKey(line), 0, 0, 'WITHSCORES')
  if first[2] then
    redis.call('ZADD', headsKey, first[2], line)
  else
    redis.call('ZREM', headsKey, line)
  end
end
local wait = function(task)
  local line = lineOf(task)
  redis.call('ZADD', backlogKey(line), task.created, task.id)
  updateHead(line)
end
local stopWaiting = function(task)
  local line = lineOf(task)
  redis.call('ZREM', backlogKey(line), task.id)
  updateHead(line)
end

-- Wakes idle slots: at most min(claimable, idle slots - hints under way) hints, promised here and pushed by
-- the caller. Returns { hint, task id, delivery, ... }. Idle slots are derived from leased presence.
local promise = function(hints, id, delivery)
  redis.call('ZADD', hintsKey, int(now), id)
  -- The hint's own number: Bee-Queue refuses an id that it has seen, and a lost hint would be in its way.
  for _, value in ipairs({ id .. '.' .. int(nowUs), id, int(delivery) }) do hints[#hints + 1] = value end
end
local wake = function()
  local hints = {}
  local heads = redis.call('ZRANGE', headsKey, 0, ${itemsPerCall - 1})
  if #heads == 0 then return hints end
  local sizes, claimable = {}, 0
  for _, line in ipairs(heads) do
    sizes[line] = redis.call('ZCARD', backlogKey(line))
    claimable = claimable + sizes[line]
  end
  local room = ${itemsPerCall} + redis.call('ZCARD', hintsKey)
  local idle, useful = 0, {}
  for _, worker in ipairs(redis.call('ZRANGE', workersKey, '(' .. int(now), '+inf', 'BYSCORE')) do
    local presence = redis.call('HMGET', workerKey(worker), 'slots', 'lines')
    local free = presence[1] and presence[1] - redis.call('HLEN', runsKey(worker)) or 0
    if free > 0 then
      local served = 0
      for line, size in pairs(sizes) do
        if presence[2]:find(' ' .. line .. ' ', 1, true) then
          served = served + size
          useful[line] = true
        end
      end
      idle = idle + math.min(free, served)
      if idle >= math.min(claimable, room) then break end
    end
  end
  local underWay = redis.call('ZCARD', hintsKey)
  local count = math.min(idle, claimable, room) - underWay
  for _, line in ipairs(heads) do
    if count <= 0 then break end
    if useful[line] then
      for _, id in ipairs(redis.call('ZRANGE', backlogKey(line), 0, count + underWay - 1)) do
        if count > 0 and not redis.call('ZSCORE', hintsKey, id) then
          promise(hints, id, (redis.call('HGET', taskKey(id), 'attempt') or 0) + 1)
          count = count - 1
        end
      end
    end
  end
  return hints
end
`;
