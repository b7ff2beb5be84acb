import { defineScript } from '../../redis/connection.ts';
import { keepBatchMs } from './batch-counts.ts';
import { prelude } from './prelude.ts';

/**
 * Opens a batch before its tasks are written, or finds the one that its idempotency key has opened before. Twice is once.
 * Until it is settled it counts as large as it is meant to be, so that its first tasks don't end it.
 *
 * KEYS: queue root
 * ARGV: id, idempotency key (hash or ''), hash of the inputs, how long the key holds (ms), how many inputs,
 *       name (JSON), owner (JSON)
 * Returns [1 it is open / 0 the key has opened it before / -1 the key belongs to other inputs, the batch's id]
 */
export const openBatch = defineScript(`${prelude}
local id, key, hash, keyMs, total, name, owner = unpack(ARGV)
if key ~= '' then
  local other, otherHash = (redis.call('GET', keyKey(key)) or ''):match('^(%S+) (%S+)$')
  if other and redis.call('EXISTS', batchKey(other)) == 1 then return { otherHash == hash and 0 or -1, other } end
  holdKey(key, id, hash, int(now + keyMs))
end
if redis.call('EXISTS', batchKey(id)) == 0 then
  redis.call('HSET', batchKey(id), 'total', total, 'name', name, 'owner', owner, 'createdAt', int(now), 'version', 1)
  redis.call('PEXPIRE', batchKey(id), ${keepBatchMs})
end
return { 1, id }
`);

/**
 * Settles how large a batch is, once its tasks are written: those that were refused, or that other tasks stand for,
 * don't belong to it. Tells its watchers. Twice is once.
 *
 * KEYS: queue root
 * ARGV: id
 * Returns its state, or nil where it is gone
 */
export const settleBatch = defineScript(`${prelude}
local batch = readBatch(ARGV[1])
if not batch then return nil end
redis.call('HSET', batchKey(batch.id), 'total', int(batch.active + batch.final))
return tellBatch(batch.id)
`);

/**
 * KEYS: queue root
 * ARGV: id, …
 * Returns [state or '', …] in the order of the ids
 */
export const batches = defineScript(`${prelude}
local states = {}
for i, id in ipairs(ARGV) do
  local batch = readBatch(id)
  states[i] = batch and batchState(batch) or ''
end
return states
`);
