import { defineScript } from '../../redis/connection.ts';
import { luaKeys } from '../../redis/keys.ts';

/** What was taken is kept so long (ms): much longer than any call that is repeated is under way. */
const keepTakenMs = 3_600_000;

/**
 * Takes what is written down of tasks that ended without a worker's word: each end is given to one token, and to that as
 * often as it asks.
 *
 * KEYS: queue root
 * ARGV: token
 * Returns [NAME:STATUS, how many, …]
 */
export const takeEnds = defineScript(`${luaKeys}
local taken = takenEndsKey(ARGV[1])
if redis.call('EXISTS', taken) == 0 and redis.call('EXISTS', endsKey) == 1 then
  redis.call('RENAME', endsKey, taken)
  redis.call('PEXPIRE', taken, ${keepTakenMs})
end
return redis.call('HGETALL', taken)
`);
