/**
 * What a script with many items writes of its indexes is gathered by key, and written at once: a call of Redis for each
 * entry costs as much as all the rest of a move. A script that says `gather()` calls `flush()` before it looks at what is
 * written here, and at its end; without it each is written as it comes.
 */
export const gathering = `
local gathered
local gather = function()
  gathered = { sets = {}, hashes = {}, counts = {}, lives = {}, sums = {} }
end
local gatheredIn = function(kind, key)
  local entries = gathered[kind][key]
  if not entries then
    entries = {}
    gathered[kind][key] = entries
  end
  return entries
end
-- An entry of a sorted set; false takes it away.
local put = function(key, member, score)
  if gathered then
    gatheredIn('sets', key)[member] = score
  elseif score then
    redis.call('ZADD', key, score, member)
  else
    redis.call('ZREM', key, member)
  end
end
-- A field of a hash; false takes it away.
local putField = function(key, field, value)
  if gathered then
    gatheredIn('hashes', key)[field] = value
  elseif value then
    redis.call('HSET', key, field, value)
  else
    redis.call('HDEL', key, field)
  end
end
local countMore = function(key, field, more, life)
  if redis.call('HINCRBY', key, field, more) == more then redis.call('PEXPIRE', key, life) end
end
-- Counts one more in a hash that is kept for so long (ms) after something was counted for the first time.
local countOne = function(key, field, life)
  if not gathered then return countMore(key, field, 1, life) end
  local counts = gatheredIn('counts', key)
  counts[field] = (counts[field] or 0) + 1
  gathered.lives[key] = life
end
local addMore = function(key, field, more)
  if more ~= 0 and redis.call('HINCRBY', key, field, more) <= 0 then redis.call('HDEL', key, field) end
end
-- Adds to a field of a hash that counts what there is; one that comes to nothing is gone.
local addTo = function(key, field, more)
  if not gathered then return addMore(key, field, more) end
  local sums = gatheredIn('sums', key)
  sums[field] = (sums[field] or 0) + more
end
-- What is gathered of one, and not yet written.
local pendingSum = function(key, field)
  return gathered and gatheredIn('sums', key)[field] or 0
end
local flushInto = function(entries, key, add, remove, turned)
  local added, removed = {}, {}
  for member, value in pairs(entries) do
    if value then
      added[#added + 1] = turned and value or member
      added[#added + 1] = turned and member or value
    else
      removed[#removed + 1] = member
    end
  end
  if #removed > 0 then redis.call(remove, key, unpack(removed)) end
  if #added > 0 then redis.call(add, key, unpack(added)) end
end
local flush = function()
  if not gathered then return end
  local sets, hashes, counts = gathered.sets, gathered.hashes, gathered.counts
  local lives, sums = gathered.lives, gathered.sums
  gather()
  for key, entries in pairs(sets) do flushInto(entries, key, 'ZADD', 'ZREM', true) end
  for key, entries in pairs(hashes) do flushInto(entries, key, 'HSET', 'HDEL') end
  for key, entries in pairs(counts) do
    for field, more in pairs(entries) do countMore(key, field, more, lives[key]) end
  end
  for key, entries in pairs(sums) do
    for field, more in pairs(entries) do addMore(key, field, more) end
  end
end
`;
