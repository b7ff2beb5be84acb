import { defineScript } from '../../redis/connection.ts';
import { isFinal, taskStatuses } from '../task.ts';
import { timeUp } from './begin.ts';
import { settle } from './finish.ts';
import { recountWaiting } from './owner-counts.ts';
import { prelude } from './prelude.ts';

/** Entries that one call looks at, and tasks that aren't final, of which more has to be read: a few ms of the store's time. */
const entriesPerCall = 250;
const tasksPerCall = 100;

/** Limits at which something waits, and tasks that hold one of their slots, at which one call looks. */
const limitsPerCall = 20;

/** How often the search goes on, whichever process does it. */
export const mendEveryMs = 250;

const activeStatuses = taskStatuses.filter((status) => !isFinal(status)).map((status) => `'${status}'`);

/**
 * Looks for what a crash, an eviction or a hand may have left behind, a piece at each call, and mends it:
 *
 * | found | mended by |
 * |---|---|
 * | an index, tag, backlog, due or removal entry without a record | removing it |
 * | a task that is QUEUED and not in the backlog | putting it there |
 * | a task that time should move and that no clock looks for | putting it among those |
 * | a task that runs on a worker that holds no lease, or doesn't hold it | giving it back |
 * | a hint that a worker took which is gone | forgetting it |
 * | a slot of a limit that is held by a task which doesn't run | freeing it |
 * | a key that waits for its limit, which has room | giving it its turn |
 * | a list of waiting tasks that was wrong | counting anew how many of each owner wait |
 *
 * KEYS: queue root
 * ARGV: to mend: at most one piece in so many ms; only to look: '', and three times where to go on, at first 'start'
 * Returns [[kind, count, …], three times where to go on, at last 'end', hint, id, delivery, …]
 *
 * Lists of tasks that aren't final are looked at by themselves, so that a million finished ones don't delay them.
 */
export const mend = defineScript(`${prelude}${timeUp}${settle}${recountWaiting}
local onlyLook = ARGV[1] == ''
if not onlyLook and not redis.call('SET', mendingKey .. ':pause', 1, 'NX', 'PX', ARGV[1]) then
  return { {}, 'end', 'end', 'end' }
end
local found = {}
local note = function(kind, repair)
  found[kind] = (found[kind] or 0) + 1
  if not onlyLook then repair() end
end

-- Both look at some ids of a list at once: a call for each of them would hold up the store for too long.
local lookAtEntries = function(key, ids)
  local keys = {}
  for i, id in ipairs(ids) do keys[i] = taskKey(id) end
  if redis.call('EXISTS', unpack(keys)) == #ids then return end
  for i, id in ipairs(ids) do
    if redis.call('EXISTS', keys[i]) == 0 then
      note('entriesWithoutRecord', function()
        redis.call('ZREM', key, id)
        redis.call('DEL', inputKey(id), outputKey(id))
        removeJournals(id)
        redis.call('PUBLISH', statesChannel, '-' .. id)
      end)
    end
  end
end
local waitingWereWrong = false
local lookAtTasks = function(key, ids)
  local listed, queued, timed = key:match('[^:]+$'), {}, {}
  for _, id in ipairs(ids) do
    local name, status, definition, suspect, ties, worker, token, clock = unpack(redis.call('HMGET',
      taskKey(id), 'name', 'status', 'definition', 'suspect', 'ties', 'worker', 'token', 'clock'))
    local limitKey = ties and cjson.decode(ties).limitKey
    if status ~= listed and (doesWait[status] or doesWait[listed]) then waitingWereWrong = true end
    if not status then
      lookAtEntries(key, { id })
    elseif status ~= listed then
      note('entriesOfAnotherStatus', function()
        redis.call('ZREM', key, id)
        redis.call('ZADD', indexKey(name, status), load(id).created, id)
      end)
    else
      local held = not worker or redis.call('HGET', runsKey(worker), token) == id
        and redis.call('ZSCORE', workersKey, worker)
      if not held then
        note('runsWithoutWorker', function() settle(load(id), 'SUPERSEDED', {}) end)
      else
        if status == 'QUEUED' then
          local line = lineOf({ name = name, definition = definition, suspect = suspect, limitKey = limitKey })
          local place = line .. (limitKey or '')
          queued[place] = queued[place] or { line = line, key = limitKey, name = name }
          table.insert(queued[place], id)
        end
        if clock then timed[#timed + 1] = id end
      end
    end
  end
  for place, waiting in pairs(queued) do
    local line, key = waiting.line, waiting.key
    local isBlocked = key and redis.call('ZSCORE', blockedKey, waiting.name .. '@' .. key)
      and redis.call('SISMEMBER', waitersKey(waiting.name .. '@' .. key), line) == 1
    local isReached = isBlocked
      or redis.call('ZSCORE', headsKey, line) and (not key or redis.call('ZSCORE', ringKey(line), key))
    for i, score in ipairs(redis.call('ZMSCORE', backlogKey(place), unpack(waiting))) do
      if not score or not isReached then
        note('waitingOutsideBacklog', function() wait(load(waiting[i])) end)
      end
    end
  end
  for i, score in ipairs(#timed > 0 and redis.call('ZMSCORE', dueKey, unpack(timed)) or {}) do
    if not score then
      note('timesWithoutClock', function()
        redis.call('ZADD', dueKey, redis.call('HGET', taskKey(timed[i]), 'clock'), timed[i])
      end)
    end
  end
end

-- Walks through lists of ids from a position, as far as the budget goes. Returns where to go on, and what is left.
local walk = function(lists, look, position, budget)
  local list, cursor = position:match('^(%d+) (%d+)$')
  list, cursor = tonumber(list or 1), cursor or '0'
  while list <= #lists do
    if budget <= 0 then return list .. ' ' .. cursor, 0 end
    local scanned = redis.call('ZSCAN', lists[list], cursor, 'COUNT', 200)
    cursor = scanned[1]
    local ids = {}
    for i = 1, #scanned[2], 2 do ids[#ids + 1] = scanned[2][i] end
    if #ids > 0 then look(lists[list], ids) end
    budget = budget - #ids - 1
    if cursor == '0' then list = list + 1 end
  end
  return 'end', budget
end

-- The same for the tags, of which there may be very many: 'cursor/position' among those that the cursor names.
local walkTags = function(position, budget)
  local cursor, within = position:match('^(%d+)/(.*)$')
  cursor, within = cursor or '0', within or 'start'
  for _ = 1, 10 do
    local scanned = redis.call('SSCAN', tagsKey, cursor, 'COUNT', 20)
    local lists = {}
    for i, tag in ipairs(scanned[2]) do lists[i] = tagKey(tag) end
    within, budget = walk(lists, lookAtEntries, within, budget)
    if within ~= 'end' then return cursor .. '/' .. within end
    cursor, within = scanned[1], 'start'
    if cursor == '0' then return 'end' end
  end
  return cursor .. '/start'
end

local names = redis.call('SMEMBERS', namesKey)
local active, all = {}, { removalsKey, dueKey }
for _, name in ipairs(names) do
  for _, status in ipairs({ ${activeStatuses.join(', ')} }) do active[#active + 1] = indexKey(name, status) end
  for status in pairs(isFinal) do all[#all + 1] = indexKey(name, status) end
  all[#all + 1] = indexKey(name)
end
for _, line in ipairs(redis.call('ZRANGE', headsKey, 0, -1)) do
  if not isKeyed(line) then all[#all + 1] = backlogKey(line) end
end
local from = onlyLook and { ARGV[2], ARGV[3], ARGV[4] } or redis.call('HMGET', mendingKey, 'active', 'all', 'tags')
-- Who mends goes round and round; who only looks stops at the end.
local go = function(i, step)
  local position = from[i] or 'start'
  if position ~= 'end' then return (step(position)) end
  return onlyLook and 'end' or (step('start'))
end
local active_to = go(1, function(position) return walk(active, lookAtTasks, position, ${tasksPerCall}) end)
local all_to = go(2, function(position) return walk(all, lookAtEntries, position, ${entriesPerCall}) end)
local tags_to = go(3, function(position) return walkTags(position, ${entriesPerCall}) end)
if not onlyLook then
  redis.call('HSET', mendingKey, 'active', active_to, 'all', all_to, 'tags', tags_to)
  if waitingWereWrong then redis.call('HSET', mendingKey, 'recount', 1) end
  if redis.call('HEXISTS', mendingKey, 'recount') == 1 and recountWaiting(names) then
    redis.call('HDEL', mendingKey, 'recount')
  end
end

local held = redis.call('HGETALL', heldKey)
for i = 1, #held, 2 do
  if not redis.call('ZSCORE', workersKey, held[i + 1]) then
    note('hintsOfLostWorkers', function() redis.call('HDEL', heldKey, held[i]) end)
  end
end

-- A blocked key whose slots are held by tasks that don't run would wait for ever.
-- Who only looks does so once.
local looksAtLimits = not onlyLook or ARGV[2] == 'start'
local isLooking = redis.call('EXISTS', relookKey) == 1
local some = looksAtLimits and redis.call('EXISTS', blockedKey) == 1
  and redis.call('ZRANDMEMBER', blockedKey, ${limitsPerCall}) or {}
for _, limit in ipairs(some) do
  local name, key = limit:match('^([^@]*)@(.*)$')
  for _, id in ipairs(key and redis.call('SRANDMEMBER', slotsKey(limit), ${limitsPerCall}) or {}) do
    local status, parked = unpack(redis.call('HMGET', taskKey(id), 'status', 'parked'))
    if (status ~= 'RUNNING' and status ~= 'CANCELING') or parked then
      note('slotsWithoutRun', function()
        redis.call('SREM', slotsKey(limit), id)
        unblock(limit)
      end)
    end
  end
  -- One whose time has come is the clock's, and so are all while it looks at them again.
  local at = key and tonumber(redis.call('ZSCORE', blockedKey, limit) or nil)
  if at and at > now and not isLooking and keyRoom(name, key) > 0 then
    note('blockedWithRoom', function() unblock(limit) end)
  end
end

local counts = {}
for kind, count in pairs(found) do
  counts[#counts + 1] = kind
  counts[#counts + 1] = count
end
return { counts, active_to, all_to, tags_to, unpack(onlyLook and {} or wake()) }
`);
