import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/**
 * KEYS: queue root
 * ARGV: id of a task or of a schedule, its definition
 * Returns the policy that its record goes by, or false where there is none
 */
export const readPolicy = defineScript(`${prelude}
local id, definition = unpack(ARGV)
local key = redis.call('HGET', taskKey(id), 'policy')
if key then return redis.call('HGET', policiesKey, key) end
return redis.call('HGET', scheduledKey(definition), 'policy')
`);
