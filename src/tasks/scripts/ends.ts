import { defineScript } from '../../redis/connection.ts';
import { luaKeys } from '../../redis/keys.ts';

/**
 * Gives what is written down of tasks that ended without a worker's word, and forgets it: each end is given once.
 *
 * KEYS: queue root
 * Returns [NAME:STATUS, how many, …]
 */
export const takeEnds = defineScript(`${luaKeys}
local ends = redis.call('HGETALL', endsKey)
if ends[1] then redis.call('DEL', endsKey) end
return ends
`);
