/**
 * How many tasks of each owner wait: are QUEUED or SCHEDULED. Whatever creates or changes one counts it in the same
 * script, so that the counts and the records can't disagree. Those of `anonymous`, which everybody is where nobody signs in,
 * aren't counted.
 */
export const ownerCounts = `
local doesWait = { QUEUED = true, SCHEDULED = true }
local countWaiting = function(owner, from, to)
  if doesWait[from] == doesWait[to] or owner == '"anonymous"' then return end
  addTo(waitingKey, owner, doesWait[to] and 1 or -1)
end
local waitingOfOwner = function(owner)
  return (redis.call('HGET', waitingKey, owner) or 0) + pendingSum(waitingKey, owner)
end
`;

/** The most tasks that are counted anew in one call: a few ms of the store's time. */
const recounted = 1_000;

/**
 * `recountWaiting(names)` counts anew, as what took a record away by hand, or broke off in the middle, may have left the
 * counts wrong; gives false where too many wait to do so now.
 */
export const recountWaiting = `
local recountWaiting = function(names)
  local lists, total = {}, 0
  for _, name in ipairs(names) do
    for status in pairs(doesWait) do
      lists[#lists + 1] = indexKey(name, status)
      total = total + redis.call('ZCARD', lists[#lists])
    end
  end
  if total > ${recounted} then return false end
  redis.call('DEL', waitingKey)
  for _, list in ipairs(lists) do
    for _, id in ipairs(redis.call('ZRANGE', list, 0, -1)) do
      local owner, status = unpack(redis.call('HMGET', taskKey(id), 'owner', 'status'))
      if owner then countWaiting(owner, nil, status) end
    end
  end
  return true
end
`;
