import { itemsPerCall } from './bounds.ts';

/**
 * The backlog. A line is `name:definitionVersion`; suspects, which may have killed their worker, wait in lines
 * of their own, `name:definitionVersion!limit`, and tasks with a limit key in keyed lines, `…@`, with a backlog
 * for each key. Of a keyed line only the keys that may start one are in its ring, by whose turn it is: the
 * others cost nothing until their limit lets go of them.
 */
export const waiting = `
local lineOf = function(task)
  return task.name .. ':' .. task.definition .. (task.suspect and '!' .. task.suspect or '')
    .. (task.limitKey and '@' or '')
end
local isKeyed = function(line) return line:sub(-1) == '@' end
local nameOf = function(line) return line:match('^[^:@]*') end
-- The line by which workers say what they serve, and how many suspects may run beside each other (nil: it is none).
local servedLine = function(line)
  local served, limit = line:match('^([^!@]+)!?(%d*)')
  return served, tonumber(limit)
end
-- Less is sooner: when it was enqueued or due (µs), less its head start. A child stands where its parent stood, so that
-- what has begun is ended first.
local orderOf = function(task)
  return int((task.runAt and task.runAt * 1000 or task.standsAt or task.created) - (task.priority or 0) * 1000000)
end

-- A line's first task, its order, and of a keyed line whose turn it is.
local firstOf = function(line)
  if not isKeyed(line) then
    local first = redis.call('ZRANGE', backlogKey(line), 0, 0, 'WITHSCORES')
    return first[1], first[2]
  end
  while true do
    local key = redis.call('ZRANGE', ringKey(line), 0, 0)[1]
    if not key then return nil end
    local first = redis.call('ZRANGE', backlogKey(line .. key), 0, 0, 'WITHSCORES')
    if first[1] then return first[1], first[2], key end
    redis.call('ZREM', ringKey(line), key)
  end
end
local writeHead = function(line)
  local id, order = firstOf(line)
  if id then
    redis.call('ZADD', headsKey, order, line)
  else
    redis.call('ZREM', headsKey, line)
  end
end
-- Lines whose heads are to be written, where that is gathered, and those that were read: nil where they are to be.
local staleHeads = {}
local headsRead
local updateHead = function(line)
  if gathered then staleHeads[line] = true else writeHead(line) end
end
local flushHeads = function()
  for line in pairs(staleHeads) do writeHead(line) end
  staleHeads, headsRead = {}, nil
end
-- The lines in which something waits, by whose turn it is. One line alone has its turn whatever its first task is, so
-- that a script with many items need not write it down for each.
local linesInOrder = function()
  if not gathered then return redis.call('ZRANGE', headsKey, 0, -1) end
  local line = next(staleHeads)
  local isAlone = headsRead and #headsRead == 1
    and (not line or line == headsRead[1] and not next(staleHeads, line))
  if isAlone then return headsRead end
  flushHeads()
  headsRead = redis.call('ZRANGE', headsKey, 0, -1)
  return headsRead
end

-- Gives a key its place: the end of the ring, or outside it where its limit lets nothing start.
local queueUp = function(line, key)
  if redis.call('EXISTS', backlogKey(line .. key)) == 0 then
    redis.call('ZREM', ringKey(line), key)
    return
  end
  local name = nameOf(line)
  local room, at = keyRoom(name, key)
  if room > 0 then
    -- Behind the last one, also where that came in this moment, or the clock went back.
    local last = redis.call('ZRANGE', ringKey(line), -1, -1, 'WITHSCORES')[2] or 0
    redis.call('ZADD', ringKey(line), int(math.max(nowUs, last + 1)), key)
  else
    local limit = name .. '@' .. key
    redis.call('ZREM', ringKey(line), key)
    redis.call('SADD', waitersKey(limit), line)
    block(limit, at)
  end
end
-- The key whose turn it is among those that may start one. A limit may be used up by tasks of another line, or was
-- lowered: such keys leave the ring when their turn comes, so many of them in one call.
local turnOf = function(line)
  local name, left = nameOf(line), false
  for _ = 1, ${itemsPerCall} do
    local _, _, key = firstOf(line)
    if not key or keyRoom(name, key) > 0 then
      if left then updateHead(line) end
      return key
    end
    queueUp(line, key)
    left = true
  end
  updateHead(line)
end
-- Looks again at what waits for a limit.
local unblock = function(limit)
  if redis.call('ZREM', blockedKey, limit) == 0 then return end
  local key = limit:match('@(.*)$')
  if not key then return end
  local lines = redis.call('SMEMBERS', waitersKey(limit))
  redis.call('DEL', waitersKey(limit))
  for _, line in ipairs(lines) do
    queueUp(line, key)
    updateHead(line)
  end
end

local wait = function(task)
  local line = lineOf(task)
  redis.call('ZADD', backlogKey(line .. (task.limitKey or '')), orderOf(task), task.id)
  if task.limitKey and not redis.call('ZSCORE', ringKey(line), task.limitKey) then
    local limit = task.name .. '@' .. task.limitKey
    if redis.call('ZSCORE', blockedKey, limit) then
      redis.call('SADD', waitersKey(limit), line)
    else
      queueUp(line, task.limitKey)
    end
  end
  updateHead(line)
end
local stopWaiting = function(task)
  local line = lineOf(task)
  local backlog = backlogKey(line .. (task.limitKey or ''))
  redis.call('ZREM', backlog, task.id)
  if task.limitKey and redis.call('EXISTS', backlog) == 0 then redis.call('ZREM', ringKey(line), task.limitKey) end
  updateHead(line)
end

-- How many suspects of a limit a worker may take beside those that it runs.
local suspectRoom = function(worker, limit)
  local room = limit
  local others = redis.call('HVALS', suspectsKey(worker))
  for _, other in ipairs(others) do room = math.min(room, tonumber(other)) end
  return math.max(0, room - #others)
end
-- How many of a definition a worker may take beside those that it runs, where it may run only so many.
local localRoom = function(worker, line, most)
  if not most then return math.huge end
  return most - (redis.call('HGET', localKey(worker), nameOf(line)) or 0)
end
`;
