import { luaKeys } from '../../redis/keys.ts';
import { limits } from './limits.ts';
import { record } from './record.ts';
import { waiting } from './waiting.ts';
import { wake } from './wake.ts';

/** What every script begins with. */
export const prelude = `${luaKeys}${record}${limits}${waiting}${wake}`;
