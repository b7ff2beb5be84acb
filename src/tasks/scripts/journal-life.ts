/** What becomes of a task's log and streams with its record. */
export const journalLife = `
local journalsOf = function(id)
  local keys = {}
  for _, name in ipairs(redis.call('HKEYS', journalsKey(id))) do keys[#keys + 1] = journalKey(id .. name) end
  return keys
end
-- They end by themselves at a time, at the latest with what only tells their numbers.
local retireJournals = function(id, at, net)
  for i, key in ipairs(journalsOf(id)) do
    if i == 1 then redis.call('PEXPIREAT', journalsKey(id), net) end
    redis.call('PEXPIREAT', key, at)
  end
end
local keepJournals = function(id)
  for i, key in ipairs(journalsOf(id)) do
    if i == 1 then redis.call('PERSIST', journalsKey(id)) end
    redis.call('PERSIST', key)
  end
end
local removeJournals = function(id)
  local keys = journalsOf(id)
  if #keys > 0 then redis.call('DEL', journalsKey(id), unpack(keys)) end
end
`;
