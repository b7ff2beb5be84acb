/** The most hints that one call promises, and the most lines that it looks at unless told otherwise. */
const hintsPerCall = 100;

/** The most lines that the clock looks at: lines that no worker serves any more must not hide what others wait for. */
export const linesPerTick = 1_000;

/**
 * What wakes idle slots for the backlog: at most min(claimable, idle slots - hints under way) hints, promised
 * here and pushed by the caller. Idle slots are derived from leased presence; of the workers only those are
 * looked at that had a free slot when they last took or ended something, or renewed their lease.
 */
export const wake = `
-- Workers that have taken or ended something in this call.
local moved = {}
-- How many places a worker has, which are slots to wake unless it is drained.
local setPlaces = function(worker, places)
  local isDrained = redis.call('HEXISTS', workerKey(worker), 'drain') == 1
  redis.call('HSET', workerKey(worker), 'slots', isDrained and 0 or places, 'places', places)
end
local noteIdle = function()
  flush()
  for worker in pairs(moved) do
    local slots = redis.call('HGET', workerKey(worker), 'slots')
    if slots and tonumber(slots) > redis.call('HLEN', runsKey(worker)) then
      redis.call('SADD', idleKey, worker)
    else
      redis.call('SREM', idleKey, worker)
    end
  end
  moved = {}
end

-- What is claimable in a line: how many (at most as many as asked for), and the first ids of them.
local claimableIn = function(line, most)
  local room, at = roomOf(nameOf(line))
  if at then block(nameOf(line), at) end
  most = math.min(most, room)
  if most <= 0 then return 0, {} end
  if not isKeyed(line) then
    return math.min(room, redis.call('ZCARD', backlogKey(line))), redis.call('ZRANGE', backlogKey(line), 0, most - 1)
  end
  local ids, looked, kept = {}, 0, 0
  while #ids < most and looked < ${hintsPerCall} do
    local keys = redis.call('ZRANGE', ringKey(line), kept, kept + most - #ids - 1)
    for _, key in ipairs(keys) do
      local room = keyRoom(nameOf(line), key)
      local own = math.min(most - #ids, room)
      if own > 0 then
        for _, id in ipairs(redis.call('ZRANGE', backlogKey(line .. key), 0, own - 1)) do ids[#ids + 1] = id end
        kept = kept + 1
      else
        queueUp(line, key)
      end
    end
    looked = looked + #keys
    if #keys == 0 then break end
  end
  if looked > kept then updateHead(line) end
  return #ids, ids
end

-- How many a worker may take of each of some lines of which it may take any.
local roomsOf = function(worker, served, lines, servedBy)
  local rooms = {}
  for _, line in ipairs(lines) do
    local most = served:match(servedBy[line])
    if most then
      local _, limit = servedLine(line)
      local room = localRoom(worker, line, tonumber(most))
      if limit then room = math.min(room, suspectRoom(worker, limit)) end
      if room > 0 then rooms[line] = room end
    end
  end
  return rooms
end

-- Returns { hint, task id, delivery, ... }.
local promise = function(hints, id, delivery)
  redis.call('ZADD', hintsKey, nowText, id)
  -- The hint's own number: Bee-Queue refuses an id that it has seen, and a lost hint would be in its way.
  for _, value in ipairs({ id .. '.' .. int(nowUs), id, int(delivery) }) do hints[#hints + 1] = value end
end
local wake = function(lines)
  noteIdle()
  flushHeads()
  local hints = {}
  local workers = redis.call('SMEMBERS', idleKey)
  if #workers == 0 then return hints end
  local heads = redis.call('ZRANGE', headsKey, 0, (lines or ${hintsPerCall}) - 1)
  if #heads == 0 then return hints end
  local queueRoom, at = roomOf('')
  if at then block('', at) end
  if queueRoom <= 0 then return hints end

  -- Only lines in which something may start, and workers that may take of them: others must not hide what these do.
  local open, servedBy = {}, {}
  for _, line in ipairs(heads) do
    if claimableIn(line, 1) > 0 then
      open[#open + 1] = line
      -- As presence says it, with how many of it the worker may run.
      servedBy[line] = ' ' .. servedLine(line):gsub('%W', '%%%0') .. '=?(%d*) '
    end
  end
  local underWay = redis.call('ZCARD', hintsKey)
  local free, idle = {}, 0
  for _, worker in ipairs(workers) do
    if #open == 0 or idle >= ${hintsPerCall} + underWay then break end
    local lease = redis.call('ZSCORE', workersKey, worker)
    local presence = redis.call('HMGET', workerKey(worker), 'slots', 'lines')
    local count = presence[1] and presence[1] - redis.call('HLEN', runsKey(worker)) or 0
    if count > 0 and lease and tonumber(lease) > now then
      local rooms = roomsOf(worker, presence[2], open, servedBy)
      if next(rooms) then
        free[#free + 1] = { count = count, rooms = rooms }
        idle = idle + count
      end
    end
  end
  local room = math.min(${hintsPerCall} + underWay, queueRoom, idle)
  if room <= 0 then return hints end

  local sizes, ids, claimable = {}, {}, 0
  for _, line in ipairs(open) do
    sizes[line], ids[line] = claimableIn(line, room)
    claimable = claimable + sizes[line]
  end
  local usefulIdle, useful = 0, {}
  for _, one in ipairs(free) do
    local usable = 0
    for line, room in pairs(one.rooms) do
      local size = math.min(sizes[line], room)
      usable = usable + size
      useful[line] = math.max(useful[line] or 0, size)
    end
    usefulIdle = usefulIdle + math.min(one.count, usable)
    if usefulIdle >= room then break end
  end
  local count = math.min(usefulIdle, claimable, room) - underWay
  for _, line in ipairs(open) do
    if count <= 0 then break end
    if (useful[line] or 0) > 0 then
      for _, id in ipairs(ids[line]) do
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
