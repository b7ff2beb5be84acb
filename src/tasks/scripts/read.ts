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

/** The lists that a filter reads, shared by `page` and `count`: ARGV from 'first' on, as written there. */
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
local sourcesOf = function(names, statuses, tags)
  if #names == 0 then names = redis.call('SMEMBERS', namesKey) end
  local keys = {}
  if #tags > 0 then
    for _, tag in ipairs(tags) do keys[#keys + 1] = tagKey(tag) end
  else
    for _, name in ipairs(names) do
      if #statuses == 0 then keys[#keys + 1] = indexKey(name) end
      for _, status in ipairs(statuses) do keys[#keys + 1] = indexKey(name, status) end
    end
  end
  return keys
end
-- Tells of ids whether a filter means their tasks. Most of what is looked at may be none of it.
local meant = function(names, statuses, otherTags, owners)
  local nameSet, statusSet, ownerSet, others = set(names), set(statuses), set(split(owners)), {}
  for group in (otherTags .. '\\n\\n'):gmatch('(.-)\\n\\n') do
    if group ~= '' then others[#others + 1] = set(split(group)) end
  end
  local hasOthers = function(tagList)
    local tags = #others > 0 and split(tagList or '')
    for _, group in ipairs(others) do
      local found = false
      for _, tag in ipairs(tags) do found = found or group[tag] end
      if not found then return false end
    end
    return true
  end
  return function(id)
    local name, status, owner, tagList = unpack(redis.call('HMGET', taskKey(id), 'name', 'status', 'owner', 'tagList'))
    return name and (not nameSet or nameSet[name]) and (not statusSet or statusSet[status])
      and (not ownerSet or ownerSet[owner]) and hasOthers(tagList)
  end
end
`;

/** The most index entries that one call of `page` looks at. */
const entriesPerCall = 1_000;

/**
 * A page of tasks by creation time. Lists (names, statuses, tags, owners) are joined by newlines, other tags are
 * lists joined by two: of each a task must have a tag.
 *
 * KEYS: queue root
 * ARGV: direction (ASC, DESC), limit, position: time (µs) and id ('' = the start), names, statuses, tags,
 *       other tags, owners, created at or after (µs or '-inf'), created before (µs or '+inf')
 * Returns [1 more may follow / 0 the end, time and id where the look ended, state, time, …]
 *
 * The work of a call is bounded, whatever the filter: a page may hold less than its limit and still say
 * that more may follow.
 */
export const page = defineScript(`${prelude}${sources}
local direction, limit, fromTime, fromId = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local names, statuses, tags = split(ARGV[5]), split(ARGV[6]), split(ARGV[7])
local low, high = ARGV[10], ARGV[11]
if high ~= '+inf' then high = '(' .. high end
local ascending = direction == 'ASC'
if fromTime ~= '' then
  if ascending then low = fromTime else high = fromTime end
end
local isMeant = meant(names, statuses, ARGV[8], ARGV[9])

-- Merges the sorted sets; each is read in chunks, as far as it is needed.
local readers = {}
local fill = function(reader)
  local found
  if ascending then
    found = redis.call('ZRANGE', reader.key, low, high, 'BYSCORE', 'LIMIT', reader.offset, 50, 'WITHSCORES')
  else
    found = redis.call('ZRANGE', reader.key, high, low, 'BYSCORE', 'REV', 'LIMIT', reader.offset, 50, 'WITHSCORES')
  end
  reader.offset = reader.offset + 50
  reader.found, reader.at = found, 1
end
local before = function(timeA, idA, timeB, idB)
  if timeA ~= timeB then return (timeA < timeB) == ascending end
  return idA ~= idB and (idA < idB) == ascending
end
local start = fromTime ~= '' and tonumber(fromTime)
local peek = function(reader)
  while true do
    if reader.at > #reader.found then
      if #reader.found < 100 then return nil end
      fill(reader)
      if #reader.found == 0 then return nil end
    end
    local id, created = reader.found[reader.at], tonumber(reader.found[reader.at + 1])
    if not start or before(start, fromId, created, id) then return id, created end
    reader.at = reader.at + 2
  end
end
for _, key in ipairs(sourcesOf(names, statuses, tags)) do
  local reader = { key = key, offset = 0 }
  fill(reader)
  readers[#readers + 1] = reader
end

local result = { 0, fromTime, fromId }
local taken, looked, lastId = 0, 0, nil
while true do
  local best, bestId, bestTime
  for _, reader in ipairs(readers) do
    local id, created = peek(reader)
    if id and (not best or before(created, id, bestTime, bestId)) then best, bestId, bestTime = reader, id, created end
  end
  if not best then break end
  if taken == limit or looked == ${entriesPerCall} then
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
 * How many tasks a filter finds, by counting index entries; to 'look' is to read the records of the first ones, too.
 *
 * KEYS: queue root
 * ARGV: names, statuses, tags, other tags, owners, created at or after (µs or '-inf'), created before (µs or '+inf'),
 *       'look' ('' = don't)
 * Returns [the count, 1 where each entry was looked at / 0]; above the true one where tags meet other conditions or each
 * other and not all were looked at
 */
export const count = defineScript(`${prelude}${sources}
local names, statuses, tags = split(ARGV[1]), split(ARGV[2]), split(ARGV[3])
local low, high = ARGV[6], ARGV[7] ~= '+inf' and '(' .. ARGV[7] or ARGV[7]
local isMeant = ARGV[8] == 'look' and meant(names, statuses, ARGV[4], ARGV[5])
local total, looked, seen = 0, 0, {}
for _, key in ipairs(sourcesOf(names, statuses, tags)) do
  local entries = redis.call('ZCOUNT', key, low, high)
  if isMeant and entries + looked <= ${entriesPerCall} then
    looked = looked + entries
    for _, id in ipairs(redis.call('ZRANGE', key, low, high, 'BYSCORE')) do
      if not seen[id] and isMeant(id) then total = total + 1 end
      seen[id] = true
    end
  else
    isMeant = false
    total = total + entries
  end
end
return { total, isMeant and 1 or 0 }
`);
