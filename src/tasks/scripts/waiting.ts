/** The most hints that one call promises, and the most lines that it looks at unless told otherwise. */
const hintsPerCall = 100;

/** The most lines that the clock looks at: lines that no worker serves any more must not hide what others wait for. */
export const linesPerTick = 1_000;

/**
 * The backlog, and what wakes idle slots for it. A line is `name:definitionVersion`; suspects, which may have
 * killed their worker, wait in lines of their own: `name:definitionVersion!limit`.
 */
export const waiting = `
local lineOf = function(task)
  return task.name .. ':' .. task.definition .. (task.suspect and '!' .. task.suspect or '')
end
-- The line by which workers say what they serve, and how many suspects may run beside each other (nil: it is none).
local servedLine = function(line)
  local served, limit = line:match('^([^!]+)!?(%d*)$')
  return served, tonumber(limit)
end
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

-- How many suspects of a limit a worker may take beside those that it runs.
local suspectRoom = function(worker, limit)
  local room = limit
  local running = redis.call('HVALS', suspectsKey(worker))
  for _, other in ipairs(running) do room = math.min(room, tonumber(other)) end
  return math.max(0, room - #running)
end

-- Wakes idle slots: at most min(claimable, idle slots - hints under way) hints, promised here and pushed by
-- the caller. Returns { hint, task id, delivery, ... }. Idle slots are derived from leased presence.
local promise = function(hints, id, delivery)
  redis.call('ZADD', hintsKey, int(now), id)
  -- The hint's own number: Bee-Queue refuses an id that it has seen, and a lost hint would be in its way.
  for _, value in ipairs({ id .. '.' .. int(nowUs), id, int(delivery) }) do hints[#hints + 1] = value end
end
local wake = function(lines)
  local hints = {}
  local heads = redis.call('ZRANGE', headsKey, 0, (lines or ${hintsPerCall}) - 1)
  if #heads == 0 then return hints end
  local sizes, claimable = {}, 0
  for _, line in ipairs(heads) do
    sizes[line] = redis.call('ZCARD', backlogKey(line))
    claimable = claimable + sizes[line]
  end
  local room = ${hintsPerCall} + redis.call('ZCARD', hintsKey)
  local idle, useful = 0, {}
  for _, worker in ipairs(redis.call('ZRANGE', workersKey, '(' .. int(now), '+inf', 'BYSCORE')) do
    local presence = redis.call('HMGET', workerKey(worker), 'slots', 'lines')
    local free = presence[1] and presence[1] - redis.call('HLEN', runsKey(worker)) or 0
    if free > 0 then
      local usable = 0
      for line, size in pairs(sizes) do
        local served, limit = servedLine(line)
        if presence[2]:find(' ' .. served .. ' ', 1, true) then
          if limit then size = math.min(size, suspectRoom(worker, limit)) end
          usable = usable + size
          useful[line] = math.max(useful[line] or 0, size)
        end
      end
      idle = idle + math.min(free, usable)
      if idle >= math.min(claimable, room) then break end
    end
  end
  local underWay = redis.call('ZCARD', hintsKey)
  local count = math.min(idle, claimable, room) - underWay
  for _, line in ipairs(heads) do
    if count <= 0 then break end
    if (useful[line] or 0) > 0 then
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
