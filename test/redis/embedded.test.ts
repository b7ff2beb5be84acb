import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  EmbeddedStoreError,
  startEmbedded,
  type EmbeddedStore,
  type EmbeddedStoreOptions,
} from '../../src/redis/embedded.ts';

describe('clients', () => {
  const warnings: string[] = [];
  let store: EmbeddedStore;
  beforeAll(async () => {
    store = await startEmbedded({ onWarning: (message) => warnings.push(message) });
  });
  afterAll(() => store.close());

  test('a command is answered at once, not at the next tick of a timer', async () => {
    const redis = openRedis(store);
    await redis.ping();

    const start = performance.now();
    for (let index = 0; index < 100; index++) await redis.ping();

    // A timer of 100 ms would take 10 seconds.
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test('10,000 clients may come and go', { timeout: 60_000 }, async () => {
    let answers = 0;
    const comeAndGo = async (times: number): Promise<void> => {
      for (let index = 0; index < times; index++) {
        const socket = connect(portOf(store), '127.0.0.1');
        socket.end('PING\r\n');
        if ((await buffer(socket)).toString() === '+PONG\r\n') answers++;
      }
    };

    await Promise.all(Array.from({ length: 100 }, () => comeAndGo(100)));

    expect(answers).toBe(10_000);
  });

  test('500 clients are served at once', async () => {
    const clients = Array.from({ length: 500 }, () => openRedis(store));

    const answers = await Promise.all(clients.map((redis) => redis.incr('visitors')));

    expect(new Set(answers).size).toBe(500);
  });

  test('20 MB and bytes of every kind come back as they were', async () => {
    const redis = openRedis(store);
    const large = randomBytes(20 * 1024 * 1024);
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

    await redis.mset('large', large, everyByte, everyByte);

    expect(large.equals((await redis.getBuffer('large')) ?? Buffer.alloc(0))).toBe(true);
    expect(await redis.getBuffer(everyByte)).toEqual(everyByte);
  });

  test('a client who reads late gets every byte, and holds nobody up', async () => {
    const redis = openRedis(store);
    const values = Array.from({ length: 8 }, () => randomBytes(1024 * 1024));
    await Promise.all(values.map((value, index) => redis.set(`value ${index}`, value)));
    const slow = await openSocket(store);
    slow.pause();

    const round = values.map((_, index) => `GET "value ${index}"\r\n`).join('');
    await write(slow, `${round.repeat(5)}QUIT\r\n`);
    await redis.ping();
    const bytes = await buffer(slow);

    const answers = values.map((value) => Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, crlf]));
    const expected = Buffer.concat([
      ...Array.from({ length: 5 }, () => answers).flat(),
      Buffer.from('+OK\r\n'),
    ]);
    expect(bytes.length).toBe(expected.length);
    expect(bytes.equals(expected)).toBe(true);
  });

  test('a subscriber who never reads is cut off before it fills the memory', async () => {
    const redis = openRedis(store);
    const deaf = await openSocket(store);
    deaf.write('SUBSCRIBE news\r\n');
    await once(deaf, 'data');
    deaf.pause();

    // Valkey's limit is 32 MB, and the sockets hold some.
    const message = randomBytes(1024 * 1024);
    let sent = 0;
    while (sent < 100 && (await redis.publish('news', message)) === 1) sent++;

    expect(sent).toBeGreaterThan(31);
    expect(sent).toBeLessThan(64);
    expect(warnings).toEqual([expect.stringContaining('output buffer limits')]);
  });

  test('a client who leaves in the middle of a command leaves nothing behind', async () => {
    const redis = openRedis(store);
    const socket = await openSocket(store);
    const before = await connectedClients(redis);

    await write(socket, '*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$100\r\nonly so mu');
    socket.destroy();
    await once(socket, 'close');

    await expect.poll(() => connectedClients(redis), patient).toBe(before - 1);
    expect(await redis.exists('half')).toBe(0);
  });

  test('each of several clients who wait for an item gets its own', async () => {
    const redis = openRedis(store);
    const waiting = Array.from({ length: 5 }, () => openRedis(store).brpoplpush('line', 'taken', 0));
    await expect.poll(() => redis.info('clients'), patient).toContain('blocked_clients:5');

    await redis.lpush('line', 'a', 'b', 'c', 'd', 'e');

    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['a', 'b', 'c', 'd', 'e']));
    expect(await redis.llen('taken')).toBe(5);
  });

  test('a client who waits gives up in time though nothing else happens', async () => {
    expect(await openRedis(store).blpop('nothing', 0.2)).toBeNull();
  });

  test('scripts, streams and pub/sub work', async () => {
    const redis = openRedis(store);
    const subscriber = openRedis(store);
    await subscriber.subscribe('news');
    const heard = once(subscriber, 'message');
    const sha = await redis.script('LOAD', `return redis.call('PUBLISH', KEYS[1], cjson.encode({ n = 1 }))`);
    const blocked = openRedis(store).xread('BLOCK', 0, 'STREAMS', 'log', '$');
    await expect.poll(() => redis.info('clients'), patient).toContain('blocked_clients:1');

    await redis.xadd('log', '1-1', 'line', 'hello');

    expect(await redis.evalsha(String(sha), 1, 'news')).toBe(1);
    await expect(redis.eval(`error('on purpose')`, 0)).rejects.toThrow('on purpose');
    expect(await heard).toEqual(['news', '{"n":1}']);
    expect(await blocked).toEqual([['log', [['1-1', ['line', 'hello']]]]]);
  });

  test('no key is ever evicted', async () => {
    expect(await openRedis(store).config('GET', 'maxmemory-policy')).toContain('noeviction');
  });
});

// Only Linux tells whether a process stands still by now.
test.runIf(process.platform === 'linux')('an item is not handed to a client who is gone', async () => {
  const store = await start();
  const redis = openRedis(store);
  const pusher = await openSocket(store);
  const gone = await openSocket(store);
  gone.write('BRPOPLPUSH line taken 0\r\n');
  await expect.poll(() => redis.info('clients'), patient).toContain('blocked_clients:1');

  // While the store stands still both arrive, first the item, then the end of who waits for it.
  process.kill(store.pid, 'SIGSTOP');
  await expect.poll(() => readFile(`/proc/${store.pid}/stat`, 'utf8'), patient).toMatch(/\) T /);
  await write(pusher, 'LPUSH line item\r\n');
  gone.destroy();
  await once(gone, 'close');
  process.kill(store.pid, 'SIGCONT');
  await once(pusher, 'data');

  expect(await redis.lrange('line', 0, -1)).toEqual(['item']);
  expect(await redis.exists('taken')).toBe(0);
});

describe('the process', () => {
  test('SHUTDOWN ends it, with the keys kept', async () => {
    const directory = await temporaryFolder();
    const warnings: string[] = [];
    const store = await start({ directory, onWarning: (message) => warnings.push(message) });
    const redis = openRedis(store);
    await redis.set('kept', 'yes');

    await redis.call('SHUTDOWN').catch(() => {});
    await store.exited;

    await store.close();
    expect(warnings).toEqual([]);
    expect(await openRedis(await start({ directory })).get('kept')).toBe('yes');
  });

  test('a port that is in use is refused by its number', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const error: unknown = await startEmbedded({ port }).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(EmbeddedStoreError);
    expect(error).toMatchObject({ message: expect.stringContaining(`port ${port} of 127.0.0.1`) });
  });

  test('Ctrl-C and SIGTERM, which a whole group gets, are left to the parent', async () => {
    const store = await start({});
    const redis = openRedis(store);

    for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) {
      process.kill(store.pid, signal);
      expect(await redis.set('kept', signal)).toBe('OK');
    }
  });

  test('it ends with its parent, with the keys kept', async () => {
    const directory = await temporaryFolder();
    const parent = runScript(`
      const store = await startEmbedded({ directory: ${JSON.stringify(directory)} });
      console.log(store.url);`);
    const [url] = await once(parent.stdout, 'data');
    const redis = openRedis({ url: String(url).trim() });
    await redis.set('kept', 'yes');

    parent.kill('SIGKILL');
    // The store holds the parent's stderr open for as long as it lives.
    await once(parent, 'close');

    expect(await openRedis(await start({ directory })).get('kept')).toBe('yes');
  });

  test('it prints nothing', async () => {
    const child = runScript(`
      const store = await startEmbedded({ directory: ${JSON.stringify(await temporaryFolder())} });
      await store.close();`);

    const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);

    expect(stderr.toString()).toBe('');
    expect(stdout.toString()).toBe('');
  });

  test('it runs from compiled files too', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    const build = {
      extends: resolve('tsconfig.build.json'),
      compilerOptions: { noCheck: true, rootDir: resolve('src'), outDir: join(folder, 'dist') },
      files: ['embedded.ts', 'embedded-process.ts'].map((name) => resolve('src/redis', name)),
      include: [],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(build));
    await promisify(execFile)(resolve('node_modules/.bin/tsc'), ['-p', folder]);

    const child = runScript(
      `const store = await startEmbedded();
      process.stdout.write(store.url);
      await store.close();`,
      join(folder, 'dist/redis/embedded.js'),
    );

    expect((await buffer(child.stdout)).toString()).toMatch(/^redis:/);
  });
});

describe('the snapshot', () => {
  test('every kind of key is back after a restart', async () => {
    const directory = await temporaryFolder();
    const store = await start({ directory });
    const redis = openRedis(store);
    const binary = randomBytes(200);
    const large = randomBytes(3 * 1024 * 1024);
    const expiresAt = Date.now() + 3_600_000;
    await redis.set(binary, binary, 'PXAT', expiresAt);
    await redis.mset('large', large, 'larger', Buffer.concat([large, large]));
    await redis.hset('hash', { field: 'value' });
    await redis.rpush('list', 'a', 'b');
    await redis.sadd('set', 'member');
    await redis.zadd('zset', 1.5, 'member');
    await redis.xadd('stream', '1-1', 'field', 'value');
    await redis.xgroup('CREATE', 'stream', 'group', '0');
    await redis.mset(
      Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`key ${index}`, index])),
    );
    await redis.select(3);
    await redis.set('elsewhere', 'yes');

    await store.close();
    const again = openRedis(await start({ directory }));

    expect(await again.dbsize()).toBe(2_008);
    expect(await again.getBuffer(binary)).toEqual(binary);
    expect(await again.pexpiretime(binary)).toBe(expiresAt);
    expect(large.equals((await again.getBuffer('large')) ?? Buffer.alloc(0))).toBe(true);
    expect(await again.strlen('larger')).toBe(2 * large.length);
    expect(await again.ttl('large')).toBe(-1);
    expect(await again.hgetall('hash')).toEqual({ field: 'value' });
    expect(await again.lrange('list', 0, -1)).toEqual(['a', 'b']);
    expect(await again.smembers('set')).toEqual(['member']);
    expect(await again.zscore('zset', 'member')).toBe('1.5');
    expect(await again.xlen('stream')).toBe(1);
    expect(await again.xinfo('GROUPS', 'stream')).toHaveLength(1);
    expect(await again.get('key 1999')).toBe('1999');
    await again.select(3);
    expect(await again.get('elsewhere')).toBe('yes');
  });

  test('a key that expired while the store was stopped stays away', async () => {
    const directory = await temporaryFolder();
    const store = await start({ directory });
    const expiresAt = Date.now() + 500;
    await openRedis(store).set('brief', 'yes', 'PXAT', expiresAt);

    await store.close();
    await setTimeout(expiresAt + 1 - Date.now());

    expect(await openRedis(await start({ directory })).dbsize()).toBe(0);
  });

  test('keys that expire while others are saved do no harm', async () => {
    const directory = await temporaryFolder();
    const store = await start({ directory });
    const redis = openRedis(store);
    const large = randomBytes(5 * 1024 * 1024);
    for (const name of ['a', 'b', 'c']) await redis.set(name, large);
    const expiresAt = Date.now() + 150;
    await Promise.all(Array.from({ length: 50 }, (_, index) => redis.set(`${index}`, '', 'PXAT', expiresAt)));

    await store.close();

    expect(await openRedis(await start({ directory })).dbsize()).toBe(3);
  });

  test('a damaged one is put aside with a warning', async () => {
    const directory = await temporaryFolder();
    const snapshot = join(directory, 'store.snapshot');
    const store = await start({ directory });
    await openRedis(store).set('lost', 'yes');
    await store.close();
    const whole = await readFile(snapshot);
    const damages = [
      ['it ends too early', whole.subarray(0, -30)],
      ['its checksum is wrong', Buffer.from(whole).fill('!', 30, 31)],
      ['it is not a snapshot', Buffer.from('REDIS0011, or so one may think')],
    ] as const;

    for (const [reason, damaged] of damages) {
      await writeFile(snapshot, damaged);
      const warnings: string[] = [];

      const again = await start({ directory, onWarning: (message) => warnings.push(message) });

      expect(warnings).toEqual([expect.stringContaining(reason)]);
      const aside = /\S+\.broken-\d+/.exec(String(warnings))?.[0];
      expect(await readFile(String(aside))).toEqual(damaged);
      expect(await openRedis(again).dbsize()).toBe(0);
      await again.close();
    }
  });

  test.skipIf(!existsSync('/dev/full'))(
    'a full disk is reported, and the snapshot before stays',
    async () => {
      const directory = await temporaryFolder();
      const first = await start({ directory });
      await openRedis(first).set('key', 'before');
      await first.close();
      const second = await startEmbedded({ directory });
      await openRedis(second).set('key', 'after');
      await symlink('/dev/full', join(directory, 'store.snapshot.tmp'));

      await expect(second.close()).rejects.toThrow('ENOSPC');
      await second.exited;

      expect(await openRedis(await start({ directory })).get('key')).toBe('before');
    },
  );

  test('a folder that cannot be written is refused by its name', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');

    await expect(startEmbedded({ directory: join(file, 'folder') })).rejects.toThrow(
      `can't use the folder ${join(file, 'folder')}`,
    );
  });
});

describe('the folder', () => {
  test('a second store is refused, and told whose the folder is', async () => {
    const directory = await temporaryFolder();
    const store = await start({ directory });

    await expect(startEmbedded({ directory })).rejects.toThrow(
      new RegExp(`process ${store.pid}.*REDIS_URL=${store.url}`),
    );
  });

  test('a store that was killed leaves it free, and its death is told', async () => {
    const directory = await temporaryFolder();
    const warned = Promise.withResolvers<string>();
    const store = await startEmbedded({ directory, onWarning: warned.resolve });

    process.kill(store.pid, 'SIGKILL');

    expect(await warned.promise).toContain('SIGKILL');
    await expect(store.close()).rejects.toThrow('before it saved its keys');
    expect(await openRedis(await start({ directory })).ping()).toBe('PONG');
  });

  test('of several stores that start at once one gets it, even after a crash', async () => {
    const directory = await temporaryFolder();
    const crashed = await startEmbedded({ directory, onWarning: () => {} });
    process.kill(crashed.pid, 'SIGKILL');
    await crashed.exited;

    const starts = await Promise.allSettled([1, 2, 3].map(() => start({ directory })));

    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('a process that has the number of a dead store does not hold it', async () => {
    const directory = await temporaryFolder();
    await writeFile(
      join(directory, 'store.lock'),
      JSON.stringify({ pid: process.pid, port: await unusedPort() }),
    );

    expect(await openRedis(await start({ directory })).ping()).toBe('PONG');
  });
});

const crlf = Buffer.from('\r\n');
const patient = { interval: 5, timeout: 10_000 };

async function start(options: EmbeddedStoreOptions = {}): Promise<EmbeddedStore> {
  const store = await startEmbedded(options);
  onTestFinished(() => store.close());
  return store;
}

function openRedis({ url }: Pick<EmbeddedStore, 'url'>): Redis {
  const redis = new Redis(url, { retryStrategy: () => null });
  redis.on('error', () => {}); // A store that ends in a test takes its clients with it.
  onTestFinished(() => redis.disconnect());
  return redis;
}

async function openSocket(store: EmbeddedStore): Promise<Socket> {
  const socket = connect(portOf(store), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

function write(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => socket.write(text, (error) => (error ? reject(error) : resolve())));
}

function portOf({ url }: EmbeddedStore): number {
  return Number(new URL(url).port);
}

async function connectedClients(redis: Redis): Promise<number> {
  return Number(/connected_clients:(\d+)/.exec(await redis.info('clients'))?.[1]);
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function runScript(script: string, module = resolve('src/redis/embedded.ts')) {
  const source = `import { startEmbedded } from ${JSON.stringify(module)};${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-store-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
