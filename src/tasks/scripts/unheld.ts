import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/**
 * KEYS: queue root
 * ARGV: hint, …
 * Returns those hints that no slot of a live worker holds
 */
export const unheld = defineScript(`${prelude}
local unheld = {}
for _, hint in ipairs(ARGV) do
  local worker = redis.call('HGET', heldKey, hint)
  if not worker or not redis.call('ZSCORE', workersKey, worker) then
    redis.call('HDEL', heldKey, hint)
    unheld[#unheld + 1] = hint
  end
end
return unheld
`);
