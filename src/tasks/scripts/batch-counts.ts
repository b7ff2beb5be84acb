/** How long a batch is kept once nothing in it is under way any more. */
export const keepBatchMs = 30 * 86_400_000;

/**
 * What a batch knows of its tasks: a hash with its `total`, `name` and `owner` (JSON), `createdAt` and `finishedAt` (ms),
 * `version`, and for each status how many of its tasks have it. Whatever creates or changes one counts it in the same
 * script, so that the counts and the records can't disagree.
 */
export const batchCounts = `
local batchFields = { 'total', 'name', 'owner', 'createdAt', 'finishedAt', 'version' }
local readBatch = function(id)
  local values = redis.call('HGETALL', batchKey(id))
  local batch = { id = id, counts = {}, active = 0, final = 0 }
  for i = 1, #values, 2 do
    local field, value = values[i], values[i + 1]
    if field:match('^%u+$') then
      batch.counts[#batch.counts + 1] = '"' .. field .. '":' .. value
      local sum = isFinal[field] and 'final' or 'active'
      batch[sum] = batch[sum] + value
    else
      batch[field] = value
    end
  end
  return batch.createdAt and batch
end
-- The state as JSON: what is published and what a snapshot reads.
local batchState = function(batch)
  local parts = { '{"id":"', batch.id, '","queue":"', KEYS[1]:match('{(.*)}'), '","counts":{',
    table.concat(batch.counts, ','), '}' }
  for _, field in ipairs(batchFields) do
    if batch[field] then parts[#parts + 1] = ',"' .. field .. '":' .. batch[field] end
  end
  parts[#parts + 1] = '}'
  return table.concat(parts)
end
-- A batch that is gone mustn't come back as what is left of it.
local countInBatch = function(id, from, to)
  if redis.call('EXISTS', batchKey(id)) == 0 then return end
  if from then redis.call('HINCRBY', batchKey(id), from, -1) end
  redis.call('HINCRBY', batchKey(id), to, 1)
end
-- A batch stays while something in it is under way, and a while longer. Returns its state.
local tellBatch = function(id)
  local key, batch = batchKey(id), readBatch(id)
  if not batch then return end
  local isOver = batch.active == 0 and batch.final >= tonumber(batch.total)
  batch.version = int(math.max(batch.version + 1, nowUs - batch.createdAt * 1000))
  redis.call('HSET', key, 'version', batch.version)
  if isOver and not batch.finishedAt then
    batch.finishedAt = int(now)
    redis.call('HSET', key, 'finishedAt', batch.finishedAt)
  elseif not isOver and batch.finishedAt then
    batch.finishedAt = nil
    redis.call('HDEL', key, 'finishedAt')
  end
  if batch.active == 0 then redis.call('PEXPIRE', key, ${keepBatchMs}) else redis.call('PERSIST', key) end
  local json = batchState(batch)
  redis.call('PUBLISH', stateChannel(id), json)
  return json
end
`;
