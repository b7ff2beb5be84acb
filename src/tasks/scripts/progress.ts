import { defineScript } from '../../redis/connection.ts';
import { prelude } from './prelude.ts';

/**
 * KEYS: queue root
 * ARGV: id, token, progress (JSON)
 * Returns the task's status, or '' where the token is stale
 */
export const progress = defineScript(`${prelude}
local id, token, json = unpack(ARGV)
local task = load(id)
if not task or task.token ~= token then return '' end
if task.progress ~= json then change(task, { progress = json }) end
return task.status
`);
