import { defineScript } from '../../redis/connection.ts';
import { enqueue } from './enqueue.ts';
import { prelude } from './prelude.ts';

/** What one item brings, in the order of ARGV; `itemsPerCall` of them at most. */
export const itemFields = [
  'id',
  'name',
  'definition',
  'owner',
  'tags',
  'tagList',
  'parent',
  'replayOf',
  'trace',
  'input',
  'policy',
  'key',
  'keyHash',
  'keyMs',
  'options',
] as const;

const readItem = itemFields.map((field, index) => `${field} = ARGV[first + ${index}]`).join(', ');

/**
 * Writes tasks: twice is once, as their ids are the caller's. An idempotency key is claimed with the record, or not
 * at all.
 *
 * KEYS: queue root
 * ARGV: for each: id, name, definition version, owner (JSON), tags (JSON), tag list (one a line), parent (JSON or ''),
 *       replay of (JSON or ''), trace (JSON or ''), input (JSON), policy (JSON), idempotency key (hash or ''),
 *       hash of the input, how long the key holds (ms), options (JSON or '')
 * Returns [[code, state or detail, code, …] as in enqueue.ts, and -9, error of one that failed; hint, id, delivery, …]
 */
export const create = defineScript(`${prelude}${enqueue}
gather()
local results = {}
for first = 1, #ARGV, ${itemFields.length} do
  local fine, code, text = pcall(enqueue, { ${readItem} })
  results[#results + 1] = fine and code or -9
  results[#results + 1] = fine and text or type(code) == 'table' and code.err or tostring(code)
end
local hints = wake()
flush()
flushHeads()
return { results, unpack(hints) }
`);
