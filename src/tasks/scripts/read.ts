import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/**
 * KEYS: queue root
 * ARGV: id, …
 * Returns [state or '', …] in the order of the ids
 */
export const states = defineScript(`${prelude}
local states = {}
for i, id in ipairs(ARGV) do
  local task = load(id)
  states[i] = task and state(task) or ''
end
return states
`);

/** What one call of `page` or `count` may do: to ask one index for one task counts one, to read a task's record five. */
const workPerCall = 5_000;
const workOfRecord = 5;

/** An index is asked for so many tasks at a time. */
const entriesPerChunk = 200;

/** More indexes than these aren't asked for each task: its record knows, too. */
const keysPerTask = 10;

/** The indexes that a filter reads, shared by `page` and `count`. */
const sources = `
local split = function(text)
  local list = {}
  for item in text:gmatch('[^\\n]+') do list[#list + 1] = item end
  return list
end
local set = function(list)
  local members = {}
  for _, item in ipairs(list) do members[item] = true end
  return #list > 0 and members
end
-- Groups of indexes: a task that a filter means is in one of each. Those of definitions and statuses are the last.
local groupsOf = function(names, statuses, tagLists)
  local groups = {}
  for text in (tagLists .. '\\n\\n'):gmatch('(.-)\\n\\n') do
    local tags, keys = split(text), {}
    for i, tag in ipairs(tags) do keys[i] = tagKey(tag) end
    if #tags > 0 then groups[#groups + 1] = { keys = keys, tags = set(tags) } end
  end
  if #groups == 0 or #names + #statuses > 0 then
    local keys = {}
    if #names == 0 then names = redis.call('SMEMBERS', namesKey) end
    for _, name in ipairs(names) do
      if #statuses == 0 then keys[#keys + 1] = indexKey(name) end
      for _, status in ipairs(statuses) do keys[#keys + 1] = indexKey(name, status) end
    end
    groups[#groups + 1] = { keys = keys }
  end
  return groups
end
local entriesOf = function(group, low, high)
  local entries = 0
  for _, key in ipairs(group.keys) do entries = entries + redis.call('ZCOUNT', key, low, high) end
  return entries
end
-- Gives the group to read and the others: the one with the fewest entries, or, where it is fixed, the first one.
local choose = function(groups, low, high, isFixed)
  local best, least = 1, nil
  if not isFixed and #groups > 1 then
    for i, group in ipairs(groups) do
      local entries = entriesOf(group, low, high)
      if not least or entries < least then best, least = i, entries end
    end
  end
  return table.remove(groups, best), groups
end
local work = 0
-- Of entries of an index, { id, time, … }, those that are in the other groups, too, as far as their indexes are asked.
local narrow = function(entries, others)
  for _, group in ipairs(others) do
    if #group.keys <= ${keysPerTask} and #entries > 0 then
      local ids, isIn, left = {}, {}, {}
      for i = 1, #entries, 2 do ids[#ids + 1] = entries[i] end
      for _, key in ipairs(group.keys) do
        work = work + #ids
        for i, time in ipairs(redis.call('ZMSCORE', key, unpack(ids))) do isIn[i] = isIn[i] or time end
      end
      for i, id in ipairs(ids) do
        if isIn[i] then left[#left + 1], left[#left + 2] = id, entries[2 * i] end
      end
      entries = left
    end
  end
  return entries
end
-- Tells of ids whether a filter means their tasks, by their records.
local meant = function(names, statuses, owners, others)
  local nameSet, statusSet, ownerSet = set(names), set(statuses), set(split(owners))
  local hasTags = function(tagList)
    local tags
    for _, group in ipairs(others) do
      if group.tags then
        tags = tags or split(tagList or '')
        local found = false
        for _, tag in ipairs(tags) do found = found or group.tags[tag] end
        if not found then return false end
      end
    end
    return true
  end
  return function(id)
    work = work + ${workOfRecord}
    local name, status, owner, tagList = unpack(redis.call('HMGET', taskKey(id), 'name', 'status', 'owner', 'tagList'))
    return name and (not nameSet or nameSet[name]) and (not statusSet or statusSet[status])
      and (not ownerSet or ownerSet[owner]) and hasTags(tagList)
  end
end
`;

/**
 * A page of tasks by creation time. Lists (names, statuses, owners) are joined by newlines; tags are such lists joined by
 * two newlines: of each a task must have a tag.
 *
 * KEYS: queue root
 * ARGV: direction (ASC, DESC), limit, position: time (µs) and id ('' = the start), names, statuses, tags, owners,
 *       created at or after (µs or '-inf'), created before (µs or '+inf'), 'fixed' ('' = the indexes with the fewest
 *       entries are read, else those of the first list of tags)
 * Returns [1 more may follow / 0 the end, time and id where the look ended, state, time, …]
 *
 * The work of a call is bounded, whatever the filter: a page may hold less than its limit and still say
 * that more may follow.
 */
export const page = defineScript(`${prelude}${sources}
local direction, limit, fromTime, fromId = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local names, statuses = split(ARGV[5]), split(ARGV[6])
local low, high = ARGV[9], ARGV[10]
if high ~= '+inf' then high = '(' .. high end
local ascending = direction == 'ASC'
if fromTime ~= '' then
  if ascending then low = fromTime else high = fromTime end
end
local source, others = choose(groupsOf(names, statuses, ARGV[7]), low, high, ARGV[11] ~= '')
local isMeant = meant(names, statuses, ARGV[8], others)

local before = function(timeA, idA, timeB, idB)
  if timeA ~= timeB then return (timeA < timeB) == ascending end
  return idA ~= idB and (idA < idB) == ascending
end
local start = fromTime ~= '' and tonumber(fromTime)

-- Merges the indexes; each is read in chunks, as far as it is needed.
local fill = function(reader)
  local found
  local size = reader.lastId and #others > 0 and ${entriesPerChunk} or 50
  if ascending then
    found = redis.call('ZRANGE', reader.key, reader.from, high, 'BYSCORE', 'LIMIT', reader.offset, size, 'WITHSCORES')
  else
    found = redis.call('ZRANGE', reader.key, reader.from, low, 'BYSCORE', 'REV', 'LIMIT', reader.offset, size, 'WITHSCORES')
  end
  reader.isOver = #found < 2 * size
  reader.at, reader.found = 1, {}
  if #found == 0 then return end
  local last = found[#found]
  reader.lastId, reader.lastTime = found[#found - 1], tonumber(last)
  -- Goes on by time, as what an offset skips is walked through; of the same time there may be some.
  if last ~= reader.from then reader.from, reader.offset = last, 0 end
  local beyond = {}
  for i = 1, #found, 2 do
    if found[i + 1] == last then reader.offset = reader.offset + 1 end
    if not start or before(start, fromId, tonumber(found[i + 1]), found[i]) then
      beyond[#beyond + 1], beyond[#beyond + 2] = found[i], found[i + 1]
    end
  end
  reader.found = narrow(beyond, others)
end
local readers = {}
for i, key in ipairs(source.keys) do
  readers[i] = { key = key, from = ascending and low or high, offset = 0 }
  fill(readers[i])
end

local result = { 0, fromTime, fromId }
local taken, looked, lastId = 0, 0, nil
while true do
  local best, bestId, bestTime, isEnd
  for _, reader in ipairs(readers) do
    while reader.at > #reader.found and not reader.isOver and work < ${workPerCall} do fill(reader) end
    local id, created = reader.found[reader.at], tonumber(reader.found[reader.at + 1])
    -- Beyond what it has read it may have something: others' can't be placed yet.
    local isUnread = not id and not reader.isOver
    if isUnread then id, created = reader.lastId, reader.lastTime end
    local isSame = isEnd and id == bestId and created == bestTime
    if id and (not best or isSame or before(created, id, bestTime, bestId)) then
      best, bestId, bestTime, isEnd = reader, id, created, isUnread
    end
  end
  if not best then break end
  if isEnd then
    result[1], result[2], result[3] = 1, int(bestTime), bestId
    break
  end
  if taken == limit or (looked > 0 and work >= ${workPerCall}) then
    result[1] = 1
    break
  end
  best.at = best.at + 2
  looked = looked + 1
  -- A task with two of the tags is in two of the lists.
  if bestId ~= lastId then
    if isMeant(bestId) then
      local task = load(bestId)
      result[#result + 1] = state(task)
      result[#result + 1] = int(bestTime)
      taken = taken + 1
    end
  end
  lastId = bestId
  result[2], result[3] = int(bestTime), bestId
end
return result
`);

/**
 * How many tasks a filter finds, by counting entries of the indexes that have the fewest; to 'look' is to ask for each of
 * them, where they are few enough, whether the filter means it.
 *
 * KEYS: queue root
 * ARGV: names, statuses, tags, owners, created at or after (µs or '-inf'), created before (µs or '+inf'), 'fixed', as of
 *       `page`, 'look' ('' = don't), 'records' (owners are told by records alone; '' = by their tags)
 * Returns [the count, 1 where each entry was looked at / 0]; above the true one where conditions meet each other and not
 * all were looked at
 */
export const count = defineScript(`${prelude}${sources}
local names, statuses = split(ARGV[1]), split(ARGV[2])
local low, high = ARGV[5], ARGV[6] ~= '+inf' and '(' .. ARGV[6] or ARGV[6]
local source, others = choose(groupsOf(names, statuses, ARGV[3]), low, high, ARGV[7] ~= '')
local entries = entriesOf(source, low, high)
if ARGV[8] == '' or entries > ${workPerCall} then return { entries, 0 } end

local isMeant = meant(names, statuses, ARGV[4], others)
local needsRecords = ARGV[9] ~= ''
for _, group in ipairs(others) do needsRecords = needsRecords or #group.keys > ${keysPerTask} end
local total, seen = 0, {}
for _, key in ipairs(source.keys) do
  local found = redis.call('ZRANGE', key, low, high, 'BYSCORE', 'WITHSCORES')
  for at = 1, #found, 2 * ${entriesPerChunk} do
    local chunk = narrow({ unpack(found, at, math.min(#found, at + 2 * ${entriesPerChunk} - 1)) }, others)
    for i = 1, #chunk, 2 do
      local id = chunk[i]
      if not seen[id] and (not needsRecords or isMeant(id)) then total = total + 1 end
      seen[id] = true
    end
    if work > ${workPerCall} then return { entries, 0 } end
  end
end
return { total, 1 }
`);
