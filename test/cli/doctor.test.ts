import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { examine } from '../../src/tasks/doctor/examine.ts';
import { orphansFinding } from '../../src/tasks/doctor/orphans.ts';
import { queueFindings } from '../../src/tasks/doctor/queue.ts';
import { serverFindings, skewFinding } from '../../src/tasks/doctor/server.ts';
import type { Finding } from '../../src/tasks/doctor/finding.ts';
import { connect, defineScript, type Redis, type RedisSettings } from '../../src/redis/connection.ts';
import { readServerFacts, type Facts } from '../../src/redis/server-facts.ts';
import { defineTask } from '../../src/index.ts';
import { inspectQueue } from '../../src/tasks/inspect.ts';
import { QueueRules } from '../../src/tasks/queue-rules.ts';
import { double, forever, Gate } from '../support/definitions.ts';
import { freePort, RedisServer } from '../support/redis-server.ts';
import { TestStore, w1, w2 } from '../support/store.ts';
import { freshSettings, redisServerPath, sharedStores, testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';
import { taskwire } from './program.ts';

/** The one finding of a check. */
function findingOf(findings: readonly Finding[], check: string): Finding {
  const [found, another] = findings.filter((finding) => finding.check === check);
  if (found === undefined || another !== undefined) {
    throw new Error(`expected one finding of '${check}' in ${JSON.stringify(findings, undefined, 2)}`);
  }
  return found;
}

describe.each(sharedStores)('the doctor looks at queues in $name', (shared) => {
  /** A queue that is known, in a prefix of its own, and the one finding of a check. */
  async function queue() {
    const settings = freshSettings(shared);
    const tests = new TestStore(settings);
    await tests.store.registerQueues([tests.queue]);
    const find = async (check: string): Promise<Finding> => findingOf(await examine(settings), check);
    return { tests, settings, find };
  }

  /** Makes a task look as if it had been created earlier. */
  async function age(tests: TestStore, id: string, ms: number, line = 'resize:v1'): Promise<void> {
    const created = await tests.redis.hincrby(`${tests.root}:task:${id}`, 'created', -1_000 * ms);
    await tests.redis.zadd(`${tests.root}:backlog:${line}`, created, id);
  }

  test('a queue at work is well', async () => {
    const settings = freshSettings(shared);
    await using tests = await TestTasks.start([double, forever], { redis: settings });
    await tests.finished((await tests.tasks.enqueue(double, { n: 1 })).id);
    const { id } = await tests.tasks.enqueue(forever, {});
    await tests.reached(id, ({ status }) => status === 'RUNNING');

    const findings = await examine(settings);

    const ours = findings.filter(({ queue }) => queue === 'default');
    expect(ours.map(({ check, mark }) => `${check} ${mark}`)).toEqual([
      'workers ok',
      'waiting ok',
      'clocks ok',
      'lane ok',
      'orphans ok',
    ]);
    expect(findingOf(findings, 'workers').found).toBe('1 worker, 1 of 5 slots busy');
    // That of the tasks, and the worker's.
    expect(findingOf(findings, 'clocks').found).toBe('2 processes look after the queue');
    for (const check of ['versions', 'definitions', 'worker clocks'])
      expect(findingOf(findings, check).mark).toBe('ok');
  });

  test('tasks that wait without any worker are a failure once they have waited for a while', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    expect(await find('workers')).toMatchObject({
      mark: 'ok',
      found: 'no live worker, and nothing waits for one',
    });
    const { task } = await tests.create();
    expect(await find('workers')).toMatchObject({ mark: 'warn' });

    await age(tests, task.id, 300_000);

    expect(await find('workers')).toMatchObject({
      mark: 'FAIL',
      found: 'no live worker, and 1 task of resize:v1 waits, the first for 5 min',
    });
  });

  test('a version that no live worker serves is named, with those that they serve', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    await tests.present(5);
    const { task } = await tests.create({ definitionVersion: 'v2' });
    expect(await find('waiting')).toMatchObject({ mark: 'warn' });

    await age(tests, task.id, 300_000, 'resize:v2');

    expect(await find('waiting')).toMatchObject({
      mark: 'FAIL',
      found: `1 task of resize:v2: no live worker serves this version (they serve resize:v1), the first (${task.id}) for 5 min`,
      todo: "Start a worker with the definition 'resize' in version v2, or cancel these tasks.",
    });
    expect(await find('definitions')).toMatchObject({ mark: 'warn', found: 'resize has versions v1, v2' });
  });

  test('a worker whose lease ran out, or that stops, serves nothing', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    const { task } = await tests.create();
    await age(tests, task.id, 60_000);
    await tests.present(0);
    expect(await find('waiting')).toMatchObject({
      mark: 'FAIL',
      found: expect.stringMatching(/serve it have no slots to give/),
    });

    await tests.present(1);
    await tests.expire('w1');

    expect(await find('workers')).toMatchObject({ mark: 'FAIL' });
  });

  test('a task that waits beside an idle slot which would take it is a failure', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    await tests.present(2);
    const { task } = await tests.create();
    expect(await find('waiting')).toMatchObject({ mark: 'ok' });

    await age(tests, task.id, 20_000);

    expect(await find('waiting')).toMatchObject({
      mark: 'FAIL',
      found: expect.stringMatching(/for 2\d s, although 2 slots that would take them are idle$/),
    });
  });

  test('a long line that moves on is not stuck, though a slot is idle for a moment', async () => {
    const { tests, settings } = await queue();
    await using _ = tests;
    const look = () => inspectQueue(tests.redis, settings.prefix ?? '', tests.queue);
    await tests.present(1);
    for (let count = 0; count < 2; count += 1) await age(tests, (await tests.create()).task.id, 60_000);
    const before = await look();
    expect(findingOf(queueFindings(before), 'waiting')).toMatchObject({ mark: 'FAIL' });

    await tests.succeed(await tests.delivery());

    expect(findingOf(queueFindings(await look(), before), 'waiting')).toMatchObject({ mark: 'ok' });
  });

  test('before it calls a queue stuck, the doctor looks again after the clocks had their turn', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    await tests.present(1);
    for (let count = 0; count < 2; count += 1) await age(tests, (await tests.create()).task.id, 60_000);
    // Its first look has the queue's lane read at the end.
    const calls = async (): Promise<boolean> => /cmd=llen/.test(String(await tests.redis.client('LIST')));
    const finding = find('waiting');
    await vi.waitFor(async () => expect(await calls()).toBe(true));

    await tests.succeed(await tests.delivery());

    expect(await finding).toMatchObject({ mark: 'ok' });
  });

  test('tasks may wait for busy slots, for ten minutes', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    await tests.present(1);
    await tests.create();
    await tests.delivery();
    const { task } = await tests.create();
    await age(tests, task.id, 60_000);
    expect(await find('waiting')).toMatchObject({
      mark: 'ok',
      found: expect.stringMatching(/^1 task in 1 line, the first of resize:v1 for 6\d s$/),
    });

    await age(tests, task.id, 600_000);

    expect(await find('waiting')).toMatchObject({ mark: 'warn' });
  });

  test('a task that ran for long and waits again has waited since then', async () => {
    const { tests, settings } = await queue();
    await using _ = tests;
    const { task } = await tests.create();
    await tests.redis.hincrby(`${tests.root}:task:${task.id}`, 'created', -3_600_000_000);
    await tests.finish(await tests.delivery(), { outcome: 'SUPERSEDED' });

    const { lines } = await inspectQueue(tests.redis, settings.prefix ?? '', tests.queue);

    expect(lines).toMatchObject([{ name: 'resize', version: 'v1', count: 1, firstId: task.id }]);
    expect(lines[0]?.waitingMs).toBeLessThan(10_000);
  });

  test('what somebody has paused is said with who and why, and is not called stuck', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    const rules = new QueueRules(tests.store);
    await tests.present(2);
    await rules.pause(tests.queue, undefined, { actor: 'ada', reason: 'the disk is full' });
    expect(await find('pause')).toMatchObject({ mark: 'ok' });
    const { task } = await tests.create();
    await age(tests, task.id, 60_000);

    expect(await find('waiting')).toMatchObject({ mark: 'ok' });
    expect(await find('pause')).toMatchObject({
      mark: 'warn',
      found: expect.stringMatching(/^paused by ada .* ago: the disk is full \(1 task waiting\)$/),
      todo: "Go on by 'taskwire resume images'.",
    });

    await rules.resume(tests.queue, undefined);
    await rules.pause(tests.queue, 'resize', {});
    expect(await find('waiting')).toMatchObject({ mark: 'ok' });
    expect(await find('pause')).toMatchObject({
      mark: 'warn',
      found: expect.stringMatching(/^resize paused .* ago \(1 task waiting\)$/),
    });
  });

  test('a queue that takes no new tasks is pointed at', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    await new QueueRules(tests.store).drain(tests.queue, { actor: 'ada' });

    expect(await find('drain')).toMatchObject({
      mark: 'warn',
      found: expect.stringMatching(/^takes no new tasks, drained by ada .* ago$/),
    });
  });

  test('what waits at a limit is not stuck, though slots are idle', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    await new QueueRules(tests.store).limit(tests.queue, { limit: { concurrency: 1 } });
    await tests.present(2);
    await tests.create();
    await tests.delivery();
    const { task } = await tests.create();
    await age(tests, task.id, 60_000);
    expect(await find('waiting')).toMatchObject({ mark: 'ok' });

    await age(tests, task.id, 600_000);

    expect(await find('waiting')).toMatchObject({
      mark: 'warn',
      found: expect.stringMatching(/for 11 min, as the limit of the queue lets no more begin$/),
    });
  });

  test('what waits at the limits of keys is counted by them', async () => {
    const settings = freshSettings(shared);
    const gate = new Gate();
    const keyed = defineTask({
      name: 'keyed',
      input: (t) => ({ tenant: t.string({ required: true }) }),
      limit: { concurrency: 1, key: ({ tenant }) => tenant },
      run: () => gate.opened,
    });
    await using tests = await TestTasks.start([keyed], { redis: settings });
    for (const tenant of ['a', 'b']) {
      const { id } = await tests.tasks.enqueue(keyed, { tenant });
      await tests.reached(id, ({ status }) => status === 'RUNNING');
      for (let count = 0; count < 2; count += 1) await tests.tasks.enqueue(keyed, { tenant });
    }

    expect(findingOf(await examine(settings), 'waiting')).toMatchObject({
      mark: 'ok',
      found: expect.stringMatching(/^4 tasks at the limits of keyed \(2 keys\), the first for /),
    });
    gate.open();
  });

  test('the task that waits longest is named, also where others go first', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    await tests.present(5);
    const { task } = await tests.create({ definitionVersion: 'v2' });
    await age(tests, task.id, 300_000, 'resize:v2');
    await tests.create({ definitionVersion: 'v2', priority: 600 });

    expect(await find('waiting')).toMatchObject({
      mark: 'FAIL',
      found: expect.stringContaining(`the oldest (${task.id}) for 5 min`),
    });
  });

  test('what a crash left behind is counted by its kind', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    expect(await find('orphans')).toMatchObject({ mark: 'ok' });
    const [gone, , stray] = [await tests.create(), await tests.create(), await tests.create()];
    await tests.delivery();
    await tests.redis.del(`${tests.root}:task:${gone.task.id}`, `${tests.root}:runs:w1`);
    await tests.delivery();
    await tests.redis.del(`${tests.root}:runs:w1`);
    await tests.redis.zrem(`${tests.root}:backlog:resize:v1`, stray.task.id);

    const { mark, found } = await find('orphans');

    expect(mark).toBe('FAIL');
    expect(found.split(', ').toSorted()).toEqual([
      '1 runs without worker',
      '1 waiting outside backlog',
      '2 entries without record',
    ]);
  });

  test('a queue with unfinished tasks that no process looks after is a failure', async () => {
    const { tests, find, settings } = await queue();
    await using _ = tests;
    expect(await find('clocks')).toMatchObject({ mark: 'ok' });
    await tests.create();
    expect(await find('clocks')).toMatchObject({
      mark: 'FAIL',
      found: expect.stringMatching(/^no process looks after/),
    });

    const listener = connect(settings, 'subscriber', testLogger);
    await vi.waitFor(() => listener.subscribe(`${tests.root}:due`));

    expect(await find('clocks')).toMatchObject({ mark: 'ok', found: '1 process looks after the queue' });
    await tests.redis.zadd(`${tests.root}:due`, Date.now() - 60_000, 'any');
    expect(await find('clocks')).toMatchObject({
      mark: 'FAIL',
      found: expect.stringMatching(/^a task has been due for 6\d s/),
    });
    await tests.redis.del(`${tests.root}:due`);
    await tests.present(1, w1, [], -180_000);
    expect(await find('clocks')).toMatchObject({
      mark: 'FAIL',
      found: expect.stringMatching(/^a worker's lease ended 3 min/),
    });
    listener.disconnect();
  });

  test('workers of other versions, and with other clocks, are pointed out', async () => {
    const { tests, find } = await queue();
    await using _ = tests;
    await tests.present(1);
    await tests.present(1, w2);
    expect(await find('versions')).toMatchObject({
      mark: 'warn',
      found: expect.stringMatching(/2 × worker test/),
    });
    expect(await find('worker clocks')).toMatchObject({ mark: 'ok' });

    await tests.redis.hset(`${tests.root}:worker:w2`, 'skew', '-40000');

    expect(await find('worker clocks')).toMatchObject({
      mark: 'FAIL',
      found: "the clock of w2 (test) is 40 s behind the store's",
    });
  });

  test('a lane with many more hints than there are slots is pointed out', async () => {
    const { tests, find, settings } = await queue();
    await using _ = tests;
    await tests.present(2);
    expect(await find('lane')).toMatchObject({
      mark: 'ok',
      found: '0 hints waiting and 0 taken, for 2 slots',
    });

    const hints = Array.from({ length: 1_000 }, (_, index) => `h${index}`);
    await tests.redis.lpush(`${settings.prefix ?? ''}:bee:{${tests.queue}}:waiting`, ...hints);

    expect(await find('lane')).toMatchObject({
      mark: 'warn',
      found: expect.stringMatching(/^1000 hints waiting/),
    });
  });

  test('one look describes at most 200 lines, however many there are', async () => {
    const { tests, settings } = await queue();
    await using _ = tests;
    const lines = Array.from({ length: 300 }, (_, index) => [index, `task${index}:v1`]);
    await tests.redis.zadd(`${tests.root}:heads`, ...lines.flat());

    const state = await inspectQueue(tests.redis, settings.prefix ?? '', tests.queue);

    expect(state.lines).toHaveLength(200);
    expect(state.lineCount).toBe(300);
  });

  test('a prefix that nobody has used gets a warning', async () => {
    const findings = await examine(freshSettings(shared));

    expect(findingOf(findings, 'queues')).toMatchObject({
      mark: 'warn',
      found: expect.stringMatching(/^no process has ever used/),
    });
  });
});

test('the embedded store is known as what it is', async () => {
  const findings = await examine(freshSettings(sharedStores[0]));

  expect(findingOf(findings, 'server')).toMatchObject({
    mark: 'ok',
    found: expect.stringMatching(/^Valkey .* the embedded store/),
  });
  expect(findingOf(findings, 'persistence')).toMatchObject({
    mark: 'warn',
    found: expect.stringMatching(/^the embedded store/),
  });
  expect(findings.filter(({ mark }) => mark === 'FAIL')).toEqual([]);
});

test.each([
  [999, 'ok'],
  [-1_001, 'warn'],
  [30_000, 'warn'],
  [-30_001, 'FAIL'],
] as const)('a clock that is off by %d ms: %s', (skewMs, mark) => {
  expect(skewFinding('clock', 'mine', skewMs)).toMatchObject({ mark });
});

test('a store that nothing listens at is a sentence and exit code 1', async () => {
  const url = `redis://user:secret@127.0.0.1:${await freePort()}`;
  await using program = taskwire(['doctor', '--redis-url', url]);

  expect(await program.ended).toMatchObject({ code: 1 });
  expect(program.stdout).toMatch(/^ {2}FAIL +reachable +the store doesn't answer: .*ECONNREFUSED/m);
  expect(program.stdout).toContain('Nothing listens there: start it, or check --redis-url.');
  expect(program.stdout).not.toContain('secret');
  expect(program.stderr).toBe('');
});

describe.skipIf(redisServerPath === undefined)('the doctor looks at a redis-server', () => {
  let server: RedisServer;
  let admin: Redis;

  beforeAll(async () => {
    server = await RedisServer.start(redisServerPath ?? '');
    admin = connect({ url: server.url }, 'worker', testLogger);
  });

  afterAll(async () => {
    admin.disconnect();
    await server[Symbol.asyncDispose]();
  });

  afterEach(async () => configure({ maxmemory: '0' }));

  async function configure(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, value] of Object.entries(values)) await admin.config('SET', name, value);
  }
  const find = async (check: string, settings: RedisSettings = server): Promise<Finding> =>
    findingOf(await examine({ url: settings.url }), check);

  test.each([
    ['FAIL', 'neither', { appendonly: 'no', save: '' }],
    ['warn', 'only snapshots (save 3600 1)', { appendonly: 'no', save: '3600 1' }],
    ['ok', 'appendonly, synced every second', { appendonly: 'yes', save: '', appendfsync: 'everysec' }],
    ['ok', 'appendonly, synced to disk at each write', { appendfsync: 'always' }],
    ['warn', 'appendonly, appendfsync no', { appendfsync: 'no' }],
  ] as const)('persistence: %s, %s', async (mark, words, config) => {
    await configure(config);

    const { found, ...finding } = await find('persistence');

    expect(finding).toMatchObject({ mark });
    expect(found).toContain(words);
  });

  test.each([
    ['ok', 'without a limit', { maxmemory: '0', 'maxmemory-policy': 'noeviction' }],
    ['warn', 'maxmemory-policy allkeys-lru', { maxmemory: '0', 'maxmemory-policy': 'allkeys-lru' }],
    ['FAIL', 'maxmemory-policy allkeys-lru', { maxmemory: '1gb', 'maxmemory-policy': 'allkeys-lru' }],
    ['FAIL', 'maxmemory-policy volatile-ttl', { maxmemory: '1gb', 'maxmemory-policy': 'volatile-ttl' }],
    ['ok', 'of 1 GB used', { maxmemory: '1gb', 'maxmemory-policy': 'noeviction' }],
    ['warn', 'of 1 MB used', { maxmemory: '1mb' }],
  ] as const)('memory: %s, %s', async (mark, words, config) => {
    await configure(config);

    const { found, ...finding } = await find('memory');

    expect(finding).toMatchObject({ mark });
    expect(found).toContain(words);
  });

  test('a replica is a failure that names its master', async () => {
    await admin.call('REPLICAOF', '127.0.0.1', '1');
    try {
      expect(await find('role')).toMatchObject({
        mark: 'FAIL',
        found: expect.stringMatching(/^a replica of 127\.0\.0\.1:1,/),
      });
    } finally {
      await admin.call('REPLICAOF', 'NO', 'ONE');
    }
    expect(await find('role')).toMatchObject({ mark: 'ok', found: 'a master with no replicas' });
  });

  test('a master that refuses writes for want of replicas is a failure', async () => {
    await configure({ 'min-replicas-to-write': '1' });
    await admin.call('ACL', 'SETUSER', 'blind', 'on', '>pw', '~*', '&*', '+@all', '-config');
    try {
      await expect(admin.set('any', '1')).rejects.toThrow('NOREPLICAS');
      expect(await find('role')).toMatchObject({
        mark: 'FAIL',
        found: 'has 0 of 1 replicas that it must have: it refuses writes',
        todo: 'Start its replicas, or lower min-replicas-to-write.',
      });
      expect(await find('role', { url: server.url.replace('//', '//blind:pw@') })).toMatchObject({
        mark: 'FAIL',
        found: 'has none of the replicas that it must have: it refuses writes',
      });
    } finally {
      await configure({ 'min-replicas-to-write': '0' });
    }
    expect(await find('role')).toMatchObject({ mark: 'ok' });
  });

  test('a master with as many replicas as it must have is well', async () => {
    await configure({ 'min-replicas-to-write': '1', 'repl-diskless-sync-delay': '0' });
    await using _ = await RedisServer.start(redisServerPath ?? '', [
      '--replicaof',
      `127.0.0.1 ${new URL(server.url).port}`,
    ]);
    try {
      await vi.waitFor(
        async () =>
          expect(await find('role')).toMatchObject({
            mark: 'ok',
            found: 'a master with 1 replica, written to asynchronously',
          }),
        { timeout: 20_000 },
      );
    } finally {
      await configure({ 'min-replicas-to-write': '0' });
    }
  });

  test('what a user may not ask for is unknown, not a failure', async () => {
    await configure({ appendonly: 'yes', appendfsync: 'everysec' });
    await admin.call('ACL', 'SETUSER', 'noconfig', 'on', '>pw', '~*', '&*', '+@all', '-config');
    await admin.call('ACL', 'SETUSER', 'harmless', 'on', '>pw', '~*', '&*', '+@all', '-@dangerous');
    await admin.call('ACL', 'SETUSER', 'other', 'on', '>pw', '~other:*', '&*', '+@all');
    const as = (user: string): RedisSettings => ({ url: server.url.replace('//', `//${user}:pw@`) });

    expect(await find('persistence', as('noconfig'))).toMatchObject({
      mark: 'ok',
      found: expect.stringMatching(/is unknown$/),
    });
    expect(await find('server', as('harmless'))).toMatchObject({ mark: 'unknown' });
    expect(await find('slow scripts', as('harmless'))).toMatchObject({ mark: 'unknown' });
    const harmless = await examine(as('harmless'));
    expect(harmless.filter(({ mark }) => mark === 'FAIL')).toEqual([]);
    const other = await examine(as('other'));
    expect(other.at(-1)).toMatchObject({ mark: 'FAIL', found: expect.stringMatching(/NOPERM/) });
  });

  test('a wrong password is said as such', async () => {
    await admin.call('ACL', 'SETUSER', 'harmless', 'on', '>pw', '+@all');
    const findings = await examine({ url: server.url.replace('//', '//harmless:wrong@') });

    expect(findings).toMatchObject([
      {
        mark: 'FAIL',
        found: expect.stringMatching(/WRONGPASS/),
        todo: 'Check user and password in --redis-url.',
      },
    ]);
  });

  test('an examination changes nothing, whatever it finds', async () => {
    await using tests = new TestStore({ url: server.url });
    await tests.store.registerQueues([tests.queue]);
    const { task } = await tests.create({ tags: ['a'] });
    await tests.create();
    await tests.present(1);
    await tests.delivery();
    await tests.redis.del(`${tests.root}:task:${task.id}`);
    await tests.expire('w1');
    const changes = async (): Promise<string | undefined> =>
      /rdb_changes_since_last_save:\d+/.exec(await admin.info('persistence'))?.[0];
    const before = await changes();

    expect(await find('orphans')).toMatchObject({ mark: 'FAIL' });

    expect(await changes()).toBe(before);
    await admin.flushall();
  });

  test('slow scripts of ours are told, those of others are not', async () => {
    await admin.config('SET', 'slowlog-log-slower-than', '0');
    await using tests = new TestStore({ url: server.url });
    await tests.create();
    await tests.redis.run(defineScript('return 1'), 'other:{queue}', []);
    await tests.vanish('x');
    await admin.config('SET', 'slowlog-log-slower-than', '10000');

    expect(await find('slow scripts')).toMatchObject({
      found: expect.stringMatching(/^1 in the slow log.* on tw:\{images\} at 20/),
    });
    await admin.flushall();
  });

  test('other kinds of servers are told apart', async () => {
    const facts = await readServerFacts(admin);
    const mark = (info: Facts, check: string, clusterSize?: number): Finding =>
      findingOf(serverFindings({ ...facts, clusterSize, info: { ...facts.info, ...info } }, 'tw'), check);

    expect(mark({ redis_version: '6.0.16' }, 'server')).toMatchObject({
      mark: 'FAIL',
      found: expect.stringMatching(/^Redis 6\.0\.16/),
    });
    expect(mark({ redis_version: '6.2.0' }, 'server')).toMatchObject({ mark: 'ok' });
    expect(mark({ redis_version: '7.2.4', valkey_version: '8.1.0' }, 'server')).toMatchObject({
      found: expect.stringMatching(/^Valkey 8/),
    });
    expect(mark({ redis_mode: 'sentinel' }, 'role')).toMatchObject({
      mark: 'FAIL',
      found: expect.stringMatching(/Sentinel/),
    });
    expect(mark({ cluster_enabled: '1' }, 'role', 3)).toMatchObject({
      mark: 'FAIL',
      found: expect.stringMatching(/3 masters/),
    });
    expect(mark({ connected_clients: '9000', maxclients: '10000' }, 'clients')).toMatchObject({
      mark: 'warn',
    });
    expect(mark({ aof_enabled: '1', aof_last_write_status: 'err' }, 'disk')).toMatchObject({ mark: 'FAIL' });
  });

  test('a snapshot that could not be written stops writes, unless none are asked for', async () => {
    await using server = await RedisServer.start(redisServerPath ?? '', ['--save', '3600 1']);
    const redis = connect({ url: server.url }, 'worker', testLogger);
    const [, directory = ''] = await redis.config('GET', 'dir');
    await rm(directory, { recursive: true });
    await redis.bgsave();
    await vi.waitFor(async () =>
      expect(await redis.info('persistence')).toContain('rdb_last_bgsave_status:err'),
    );

    expect(await find('disk', server)).toMatchObject({
      mark: 'FAIL',
      found: expect.stringMatching(/refuses writes$/),
    });
    await redis.config('SET', 'save', '');
    expect(await find('disk', server)).toMatchObject({ mark: 'warn' });
    redis.disconnect();
  });

  test('a cluster node without slots ends the examination with a sentence', async () => {
    // The default, 10,000 above its port, may not be a port at all.
    const bus = ['--cluster-port', String(await freePort())];
    await using node = await RedisServer.start(redisServerPath ?? '', ['--cluster-enabled', 'yes', ...bus]);

    const findings = await examine({ url: node.url });

    expect(findingOf(findings, 'role')).toMatchObject({
      mark: 'warn',
      found: expect.stringMatching(/Redis Cluster/),
    });
    expect(findings.at(-1)).toMatchObject({ mark: 'FAIL', found: expect.stringMatching(/CLUSTERDOWN/) });
  });

  test('the report ends with 0 where all is well, and with 1 where something failed', async () => {
    await configure({ appendonly: 'yes', appendfsync: 'everysec', save: '' });
    await using tests = await TestTasks.start([double], { redis: { url: server.url } });
    await tests.finished((await tests.tasks.enqueue(double, { n: 1 })).id);

    await using well = taskwire(['doctor'], { env: { REDIS_URL: server.url } });
    expect(await well.ended).toMatchObject({ code: 0 });
    expect(well.stdout).toMatch(/^ {2}ok +persistence +appendonly, synced every second/m);
    expect(well.stdout).toMatch(/^queue default\n {2}ok +workers +1 worker, 0 of 5 slots busy$/m);
    expect(well.stdout).toMatch(/^0 failed, 0 warnings, 0 unknown, \d+ ok$/m);

    await configure({ appendonly: 'no' });
    await using ill = taskwire(['doctor', '--redis-url', server.url, '--json']);
    expect(await ill.ended).toMatchObject({ code: 1 });
    const report = JSON.parse(ill.stdout) as { ok: boolean; findings: Finding[] };
    expect(report.ok).toBe(false);
    expect(findingOf(report.findings, 'persistence')).toMatchObject({
      mark: 'FAIL',
      found: 'neither appendonly nor save is set: a restart loses all tasks',
    });
  });

  test('a server whose script does not end is said as such', async () => {
    await using server = await RedisServer.start(redisServerPath ?? '', ['--busy-reply-threshold', '50']);
    const [busy, killer] = [1, 2].map(() => connect({ url: server.url }, 'worker', testLogger));
    await Promise.all([busy?.ping(), killer?.ping()]);
    const endless = busy?.eval('while true do end', 0).catch((error: Error) => error.message);

    await vi.waitFor(async () => {
      expect(await examine({ url: server.url })).toMatchObject([
        { mark: 'FAIL', found: expect.stringMatching(/BUSY/), todo: expect.stringMatching(/SCRIPT KILL/) },
      ]);
    });

    await killer?.script('KILL');
    expect(await endless).toContain('killed');
    for (const redis of [busy, killer]) redis?.disconnect();
  });

  test('a search for orphans that takes too long is unknown', async () => {
    await using server = await RedisServer.start(redisServerPath ?? '');
    await using tests = new TestStore({ url: server.url });
    await tests.redis.ping();
    server.signal('SIGSTOP');

    expect(await orphansFinding(tests.store, tests.queue, 50)).toEqual({
      check: 'orphans',
      mark: 'unknown',
      found: "the search wasn't through after 50 ms",
      queue: tests.queue,
    });
  });

  test('a frozen server is a sentence within some seconds', async () => {
    await using server = await RedisServer.start(redisServerPath ?? '');
    server.signal('SIGSTOP');
    const start = performance.now();

    await using program = taskwire(['doctor', '--redis-url', server.url]);

    expect(await program.ended).toMatchObject({ code: 1 });
    expect(program.stdout).toContain('It takes connections and is silent');
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
