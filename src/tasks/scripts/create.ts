import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/**
 * KEYS: queue root
 * ARGV: id, name, definition version, owner (JSON), tags (JSON), tag list (one a line), parent (JSON or ''),
 *       trace (JSON or ''), input (JSON), maxDeliveries, keepSuccess (ms), keepFailure (ms)
 * Returns [1 created / 0 was there, state, hint, id, delivery, …]
 *
 * The id is the caller's, so that twice is one task.
 */
export const create = defineScript(`${prelude}
local id, name, definition, owner, tags, tagList, parent, trace, input, maxDeliveries, keepSuccess, keepFailure =
  unpack(ARGV)
local known = load(id)
if known then return { 0, state(known) } end
local task = { id = id, name = name, definition = definition, status = 'QUEUED', version = '1',
  created = int(nowUs), owner = owner, tags = tags, attempt = '0',
  parent = parent ~= '' and parent, trace = trace ~= '' and trace }
redis.call('HSET', taskKey(id), 'name', name, 'definition', definition, 'status', 'QUEUED', 'version', '1',
  'created', task.created, 'owner', owner, 'tags', tags, 'attempt', '0', 'input', input,
  'maxDeliveries', maxDeliveries, 'keepSuccess', keepSuccess, 'keepFailure', keepFailure)
if task.parent then redis.call('HSET', taskKey(id), 'parent', parent) end
if task.trace then redis.call('HSET', taskKey(id), 'trace', trace) end
redis.call('SADD', namesKey, name)
redis.call('ZADD', indexKey(name), task.created, id)
redis.call('ZADD', indexKey(name, 'QUEUED'), task.created, id)
if tagList ~= '' then
  redis.call('HSET', taskKey(id), 'tagList', tagList)
  for tag in tagList:gmatch('[^\\n]+') do redis.call('ZADD', tagKey(tag), task.created, id) end
end
wait(task)
local json = state(task)
redis.call('PUBLISH', stateChannel(id), json)
redis.call('PUBLISH', statesChannel, json)
return { 1, json, unpack(wake()) }
`);
