import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { connect, type Script } from '../../src/redis/connection.ts';
import { luaKeys } from '../../src/redis/keys.ts';
import { leanScript } from '../../src/redis/lean-script.ts';
import { freshSettings, sharedStores, testLogger } from '../support/stores.ts';

const folder = new URL('../../src/tasks/scripts/', import.meta.url);
const scripts = await everyScript();

describe('a lean script', () => {
  test('has no comments, and only what it uses', () => {
    const lean = leanScript(`
-- Says what it does.
local unused = function(text)
  return text
end
local table = { 1, 2 }
local used = function(text)
  -- Why.
  return text .. table[1]
end
local byUnused = function() return unused('x') end
return used(ARGV[1])
`);

    expect(lean).toBe(
      `local table = { 1, 2 }\nlocal used = function(text)\n  return text .. table[1]\nend\nreturn used(ARGV[1])`,
    );
  });

  test('keeps what does something, used or not', () => {
    const source = `local time = redis.call('TIME')\nmath.randomseed(1)\nlocal now\nnow = time[1]\nreturn 1`;

    expect(leanScript(source)).toBe(source);
  });

  test('has the names of keys where they are used, also within each other', () => {
    const lean = leanScript(`${luaKeys}
local read = function(id) return redis.call('GET', keyKey(redis.call('HGET', taskKey(id .. '(1)'), 'key'))) end
return { read(ARGV[1]), redis.call('ZCARD', headsKey) }
`);

    expect(lean).toContain(
      `redis.call('GET', (KEYS[1] .. ':key:' .. (redis.call('HGET', (KEYS[1] .. ':task:' .. (id .. '(1)')), 'key'))))`,
    );
    expect(lean).toContain(`redis.call('ZCARD', (KEYS[1] .. ':heads'))`);
    expect(lean).not.toMatch(/\b(taskKey|keyKey|headsKey)\b/);
  });
});

describe.each(sharedStores)('every script in $name', (shared) => {
  test.each(scripts)('%s is taken, without comments or names of keys', async (_name, script) => {
    const { source, sha, library } = script;
    const redis = connect(freshSettings(shared), 'worker', testLogger);
    try {
      expect(await redis.script('LOAD', source)).toBe(sha);
      // Another test may have loaded it.
      expect(await redis.function('LOAD', 'REPLACE', library.text)).toBe(library.name);
    } finally {
      redis.disconnect();
    }
    expect(source).not.toMatch(/^ *--/m);
    expect(source).not.toMatch(/^local \w+(Key|Channel) = (function\(\w+\) return )?root\b/m);
    expect(source).not.toMatch(/\bundefined\b|\[object/);
  });
});

/** What the files of scripts export to be run. */
async function everyScript(): Promise<[string, Script][]> {
  const found: [string, Script][] = [];
  for (const file of readdirSync(folder)) {
    const exported = (await import(new URL(file, folder).href)) as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(exported)) {
      // What `defineScript` makes.
      if (typeof value === 'object' && value !== null && 'sha' in value) found.push([name, value as Script]);
    }
  }
  return found;
}
