import { describe, expect, test } from 'vitest';
import { connect, connectOnce, defineScript, type Redis, type Script } from '../../src/redis/connection.ts';
import { leanScript } from '../../src/redis/lean-script.ts';
import { libraryPrefix, scriptLibrary } from '../../src/redis/script-library.ts';
import { TestStore } from '../support/store.ts';
import { RedisServer } from '../support/redis-server.ts';
import { freshSettings, redisServerPath, sharedStores, testLogger } from '../support/stores.ts';

const patience = { timeout: 15_000 };

/** Says what it was given and what is left of the last call. */
const sample = defineScript(`
local seen = {}
local last
local keptCounts = {}
local note = function(word)
  keptCounts.all = (keptCounts.all or 0) + 1
  seen[#seen + 1] = word
  last = word
  return redis.call('SET', KEYS[1], word)
end
local before = last or 'nothing'
local word, other = unpack(ARGV)
note(word)
if other then note(other) end
return { before, #seen, keptCounts.all, redis.call('GET', KEYS[1]) }
`);

function open(url: string): Redis & AsyncDisposable {
  const redis = connect({ url }, 'worker', testLogger);
  return Object.assign(redis, { [Symbol.asyncDispose]: async () => redis.disconnect() });
}

async function libraries(redis: Redis): Promise<string[]> {
  const found = (await redis.function('LIST', 'LIBRARYNAME', `${libraryPrefix}*`)) as unknown[][];
  return found.map(([, name]) => String(name));
}

/** How often scripts were called in which way since the last time. */
async function ways(redis: Redis): Promise<Readonly<Record<string, number>>> {
  const stats = await redis.info('commandstats');
  await redis.config('RESETSTAT');
  const counts = [...stats.matchAll(/cmdstat_(fcall|evalsha|eval|function\|load):calls=(\d+)/g)];
  return Object.fromEntries(counts.map(([, name = '', count]) => [name, Number(count)]));
}

/** Runs a script until the server has it as a function. */
async function settled(redis: Redis, script: Script, key = 'key'): Promise<void> {
  await redis.run(script, key, ['first']);
  await expect.poll(() => libraries(redis), patience).toContain(script.library.name);
  // The answer to what has loaded it comes before that of anything asked now.
  await redis.ping();
}

describe.each(sharedStores)('a function in $name', ({ url }) => {
  test('begins each call anew, but for what it keeps', async () => {
    await using redis = open(url);
    const { prefix = '' } = freshSettings();
    await settled(redis, sample, prefix);
    const kept = Number(((await redis.run(sample, prefix, ['b'])) as unknown[])[2]);

    const answer = await redis.run(sample, prefix, ['c', 'd']);

    expect(answer).toEqual(['nothing', 2, kept + 2, 'd']);
    await redis.del(prefix);
  });

  test('says what went wrong, and nothing of it is left in the next call', async () => {
    await using redis = open(url);
    const fails = defineScript(`
local seen = {}
local add = function(word) seen[#seen + 1] = word end
add(ARGV[1])
if ARGV[1] == 'bad' then error('no such word') end
return seen
`);
    await settled(redis, fails);

    await expect(redis.run(fails, 'key', ['bad'])).rejects.toThrow(/^ERR .*no such word/);

    expect(await redis.run(fails, 'key', ['good'])).toEqual(['good']);
  });
});

describe.skipIf(redisServerPath === undefined)('with a redis-server of its own', () => {
  const start = (...args: string[]) => RedisServer.start(redisServerPath ?? '', args);

  test('a script is a function from its second call on, also for the next connection', async () => {
    await using server = await start();
    await using redis = open(server.url);
    await settled(redis, sample);
    expect(await ways(redis)).toEqual({ fcall: 1, evalsha: 1, eval: 1, 'function|load': 1 });

    await using other = open(server.url);
    await Promise.all(['a', 'b', 'c'].map((word) => other.run(sample, 'key', [word])));

    expect(await ways(redis)).toEqual({ fcall: 3 });
  });

  test('functions that a server forgot are answered as scripts at once, and loaded once', async () => {
    await using server = await start();
    await using redis = open(server.url);
    await settled(redis, sample);
    await redis.function('FLUSH');
    await redis.script('FLUSH');
    await ways(redis);

    const answers = await Promise.all(['a', 'b', 'c'].map((word) => redis.run(sample, 'key', [word])));

    expect(answers).toEqual(['a', 'b', 'c'].map((word) => ['nothing', 1, 1, word]));
    await expect.poll(() => libraries(redis), patience).toEqual([sample.library.name]);
    expect(await ways(redis)).toMatchObject({ fcall: 3, 'function|load': 1 });
    await redis.run(sample, 'key', ['d']);
    expect(await ways(redis)).toEqual({ fcall: 1 });
  });

  test('a server that starts anew without its data is given them again', async () => {
    await using server = await start();
    await using redis = open(server.url);
    await settled(redis, sample);
    await server.end();
    await server.run();

    expect(await redis.run(sample, 'key', ['a'])).toMatchObject(['nothing', 1, 1, 'a']);

    await expect.poll(() => libraries(redis), patience).toEqual([sample.library.name]);
  });

  test('a replica has them before it becomes the master', async () => {
    await using master = await start('--repl-diskless-sync-delay', '0');
    await using replica = await start('--replicaof', `127.0.0.1 ${master.port}`);
    await using redis = open(master.url);
    await settled(redis, sample);
    await using other = open(replica.url);

    await expect.poll(() => libraries(other), patience).toEqual([sample.library.name]);
    await other.replicaof('NO', 'ONE');

    expect(await other.run(sample, 'key', ['a'])).toEqual(['nothing', 1, 1, 'a']);
    expect(await ways(other)).toMatchObject({ fcall: 1 });
  });

  test.each([
    ['a user may not use them', [], 'worker:'],
    // As Redis 6.2, which has none.
    ['a server has none', ['--rename-command', 'FCALL', '', '--rename-command', 'FUNCTION', ''], ''],
  ])('where %s scripts are run as scripts, without a word', async (_why, args, login) => {
    await using server = await start(...args);
    const admin = open(server.url);
    await admin.call('ACL', 'SETUSER', 'worker', 'on', 'nopass', '~*', '&*', '+@all', '-fcall', '-function');
    await using _ = admin;
    const said: string[] = [];
    const url = server.url.replace('//', login === '' ? '//' : `//${login}any@`);
    const redis = connect({ url }, 'worker', testLogger);
    redis.onRefusal = ({ message }) => {
      if (!message.startsWith('NOSCRIPT')) said.push(message);
    };
    try {
      for (const word of ['a', 'b', 'c']) expect(await redis.run(sample, 'key', [word])).toContain(word);
    } finally {
      redis.disconnect();
    }

    expect(await ways(admin)).toMatchObject({ evalsha: 3, eval: 1 });
    expect(said).toEqual([]);
  });

  test('a server that is full answers what only reads, and runs nothing by half', async () => {
    await using server = await start();
    await using tests = new TestStore({ url: server.url });
    const { task } = await tests.create();
    await tests.task(task.id);
    await expect.poll(() => libraries(tests.redis), patience).toHaveLength(2);
    await tests.redis.ping();
    await tests.redis.config('SET', 'maxmemory', '1');

    expect(await tests.task(task.id)).toMatchObject({ status: 'QUEUED' });
    await expect(tests.create()).rejects.toThrow(/^OOM/);

    await tests.redis.config('SET', 'maxmemory', '0');
    expect(await tests.create()).toMatchObject({ status: 'CREATED' });
  });

  test('libraries of versions that nobody runs any more are taken away once there are many', async () => {
    await using server = await start();
    await using redis = open(server.url);
    const load = async (name: string) =>
      await redis.function(
        'LOAD',
        `#!lua name=${name}\nredis.register_function('${name}', function() return 1 end)`,
      );
    await load('others');
    await Promise.all(Array.from({ length: 300 }, (_, number) => load(`${libraryPrefix}${number}`)));

    await redis.run(sample, 'key', ['a']);

    await expect.poll(() => libraries(redis), patience).toEqual([sample.library.name]);
    expect(await redis.function('LIST')).toHaveLength(2);
  });

  test('who only looks at a server leaves nothing there', async () => {
    await using server = await start();
    await using redis = open(server.url);
    const looking = connectOnce(server.url, 1_000);
    await looking.connect();
    for (const word of ['a', 'b']) await looking.run(defineScript('return ARGV[1]'), 'key', [word]);
    looking.disconnect();

    expect(await libraries(redis)).toEqual([]);
  });
});

test('two locals of one name are refused, as functions would share them', () => {
  const text = `local found = 1\nlocal look = function() return found end\nlocal found = 2\nreturn look()`;

  expect(() => scriptLibrary(leanScript(text))).toThrow(/'found'/);
});

test('what only reads is said to write nothing, and only that', () => {
  const flagged = (text: string) => scriptLibrary(text).text.includes('no-writes');

  expect(flagged(`return redis.call('GET', KEYS[1])`)).toBe(true);
  expect(flagged(`redis.call('GET', KEYS[1])\nreturn redis.call('SET', KEYS[1], 1)`)).toBe(false);
  expect(flagged(`return redis.call(ARGV[1], KEYS[1])`)).toBe(false);
  expect(flagged(`return redis.pcall('SET', KEYS[1], 1)`)).toBe(false);
});
