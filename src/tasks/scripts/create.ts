import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/**
 * KEYS: queue root
 * ARGV: id, name, definition version, owner (JSON), tags (JSON), tag list (one a line), parent (JSON or ''),
 *       replay of (JSON or ''), trace (JSON or ''), input (JSON), policy (JSON), idempotency key (hash or ''),
 *       hash of the input, how long the key holds (ms)
 * Returns [1 created / 0 was there / -1 the key is another input's, state, hint, id, delivery, …]
 *
 * The id is the caller's, so that twice is one task. The key is claimed with the record, or not at all.
 */
export const create = defineScript(`${prelude}
local id, name, definition, owner, tags, tagList, parent, replayOf, trace, input, policy, key, keyHash, keyMs =
  unpack(ARGV)
local known = load(id)
if known then return { 0, state(known) } end
if key ~= '' then
  local holder = redis.call('GET', keyKey(key))
  local original = holder and load(holder)
  if original then
    local same = redis.call('HGET', taskKey(holder), 'keyHash') == keyHash
    return { same and 0 or -1, state(original) }
  end
end
local task = { id = id, name = name, definition = definition, status = 'QUEUED', version = '1',
  created = int(nowUs), owner = owner, tags = tags, attempt = '0', policy = policy }
local optional = function(field, value)
  if value and value ~= '' then task[field] = value end
end
optional('parent', parent)
optional('replayOf', replayOf)
optional('trace', trace)
local rules = policyOf(task)
optional('expiresAt', rules.expiresInMs and int(now + rules.expiresInMs))
optional('deadlineAt', rules.deadlineMs and int(now + rules.deadlineMs))
if key ~= '' then
  task.key, task.keyUntil = key, int(now + keyMs)
  redis.call('SET', keyKey(key), id, 'PXAT', task.keyUntil)
end
setClock(task)
local record = { 'input', input }
for _, field in ipairs(fields) do
  if task[field] then
    record[#record + 1] = field
    record[#record + 1] = task[field]
  end
end
if key ~= '' then
  for _, value in ipairs({ 'keyHash', keyHash, 'keyMs', keyMs }) do record[#record + 1] = value end
end
redis.call('HSET', taskKey(id), unpack(record))
redis.call('SADD', namesKey, name)
redis.call('ZADD', indexKey(name), task.created, id)
redis.call('ZADD', indexKey(name, 'QUEUED'), task.created, id)
if tagList ~= '' then
  redis.call('HSET', taskKey(id), 'tagList', tagList)
  for tag in tagList:gmatch('[^\\n]+') do
    redis.call('ZADD', tagKey(tag), task.created, id)
    redis.call('SADD', tagsKey, tag)
  end
end
wait(task)
local json = state(task)
redis.call('PUBLISH', stateChannel(id), json)
redis.call('PUBLISH', statesChannel, json)
return { 1, json, unpack(wake()) }
`);
