import pino from 'pino';
import { expect, test, vi } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { ApiMetrics } from '../../src/prometheus/api-metrics.ts';
import { auditKey, schedulesChannel, statesChannel } from '../../src/redis/keys.ts';
import { AuditLog } from '../../src/tasks/audit.ts';
import { createScheduleId } from '../../src/tasks/id.ts';
import { Failures, isMistake } from '../../src/tasks/mistakes.ts';
import { connectTasks, type Tasks } from '../../src/tasks/tasks.ts';
import { double } from '../support/definitions.ts';
import { freePort } from '../support/redis-server.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings, testLogger } from '../support/stores.ts';

/** Tasks whose log is kept, on a store of which a test breaks keys: what finds them has a bug, whatever the store does. */
async function brokenTasks() {
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const redis = freshSettings();
  const tasks = await connectTasks({ redis, definitions: [double], logger });
  const store = new TestStore(redis, 'default');
  await store.store.registerQueues(['default']);
  return {
    tasks,
    logger,
    store,
    /** Makes a key something that no script of ours expects. */
    async spoil(key: string): Promise<void> {
      await store.redis.del(key);
      await store.redis.set(key, 'spoilt');
    },
    /** Resolves once the log has an error. */
    async logged(message: string): Promise<void> {
      await vi.waitFor(
        () => expect(lines.filter(({ level }) => level >= 50).map(({ msg }) => msg)).toContain(message),
        { timeout: 10_000 },
      );
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await store[Symbol.asyncDispose]();
      await tasks.close();
    },
  };
}

const scheduleId = createScheduleId('default');
const changed = ({ root, store }: TestStore) => store.publish(statesChannel(root), '');
const watchesOf = {
  'a queue': {
    watch: ({ queues }: Tasks) => queues.watch('default'),
    key: ({ root }: TestStore) => `${root}:workers`,
    happen: changed,
    message: 'a watched queue could not be looked at, trying again',
  },
  workers: {
    watch: ({ workers }: Tasks) => workers.watch(),
    key: ({ root }: TestStore) => `${root}:workers`,
    happen: changed,
    message: 'the watched workers could not be looked at, trying again',
  },
  'the activity': {
    watch: ({ queues }: Tasks) => queues.activities.watch({ minutes: 5 }),
    key: ({ root }: TestStore) => `${root}:minute:${Math.floor(Date.now() / 60_000)}`,
    happen: changed,
    message: 'watched activity could not be looked at, trying again',
  },
  schedules: {
    watch: ({ schedules }: Tasks) => schedules.watch(),
    key: ({ root }: TestStore) => `${root}:schedule:${scheduleId}`,
    happen: ({ root, store }: TestStore) => store.publish(schedulesChannel(root), scheduleId),
    message: 'changed schedules could not be read, trying again',
  },
  'all queues': {
    watch: ({ queues }: Tasks) => queues.watchAll(),
    key: ({ store }: TestStore) => store.queuesChannel,
    happen: ({ store }: TestStore) => store.publish(store.queuesChannel, ''),
    message: 'new queues could not be looked for, trying again',
  },
  findings: {
    watch: ({ health }: Tasks) => health.watch(),
    key: ({ root }: TestStore) => `${root}:workers`,
    happen: changed,
    message: 'what needs attention could not be examined, trying again',
  },
};

test.each(Object.entries(watchesOf))('a bug in the watch of %s is an error in the log', async (_, bug) => {
  await using broken = await brokenTasks();
  const watch: AsyncGenerator<unknown, void> = bug.watch(broken.tasks);
  await watch.next();

  await broken.spoil(bug.key(broken.store));
  await bug.happen(broken.store);

  await broken.logged(bug.message);
  const ended = watch.next();
  await broken.tasks.close();
  // None of them has told that the store is away.
  expect(await ended).toEqual({ done: true, value: undefined });
});

test('a bug is told to who begins to watch findings, and not that the store is away', async () => {
  await using broken = await brokenTasks();
  await broken.spoil(`${broken.store.root}:workers`);

  await expect(broken.tasks.health.watch().next()).rejects.toThrow('WRONGTYPE');
});

test('a bug in following a stream is an error in the log', async () => {
  await using broken = await brokenTasks();
  const { redis, root } = broken.store;
  const prefix = root.slice(0, root.indexOf(':'));
  const audit = new AuditLog(redis, prefix, broken.logger);
  await broken.spoil(auditKey(prefix));
  const abort = new AbortController();
  const ended = audit.watch({}, '0-0', { signal: abort.signal }).next();

  await broken.logged('a followed stream could not be read, trying again');
  await broken.logged('a followed stream could not be waited for, trying again');
  abort.abort();
  expect(await ended).toEqual({ done: true, value: undefined });
  await audit.close();
});

test('a bug that leaves queues out of the metrics is an error in the log, and a store that is away is none', async () => {
  await using broken = await brokenTasks();
  await broken.spoil(`${broken.store.root}:workers`);
  const lines: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
  const open = () => ({ sockets: 0, eventStreams: 0 });

  const { text } = await new ApiMetrics(broken.tasks, open, logger).read();
  expect(text).not.toContain('taskwire_queue_depth{');
  expect(lines).toMatchObject([expect.stringContaining('the queues could not be looked at for the metrics')]);

  const redis = { url: `redis://127.0.0.1:${await freePort()}` };
  await using away = await connectTasks({ redis, definitions: [double], logger: testLogger });
  await new ApiMetrics(away, open, logger).read();
  expect(lines).toHaveLength(1);
});

test('a bug that lasts is told when it begins, then seldom with how often it was, and when it is over', () => {
  const lines: { level: number; msg: string; failures?: number; queue?: string }[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const failures = new Failures(logger, 'a queue could not be looked at', { againMs: 60_000 });
  const told = () => lines.splice(0).map(({ level, msg, failures, queue }) => [level, msg, failures, queue]);
  const begun = 'a queue could not be looked at, trying again';
  const [about, other] = [{ queue: 'a' }, { queue: 'b' }];
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  const fail = (seconds: number, which = about) => {
    clock.mockReturnValue(seconds * 1_000);
    return failures.failed(new TypeError('no'), 500, which);
  };

  // Ever more seldom tried, too.
  expect(Array.from({ length: 9 }, (_, second) => fail(second))).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
  ]);
  expect(fail(10, other)).toBe(500);
  expect(told()).toEqual([
    [50, begun, 1, 'a'],
    [50, begun, 1, 'b'],
  ]);
  fail(59);
  expect(told()).toEqual([]);
  fail(60);
  expect(told()).toEqual([[50, begun, 10, 'a']]);

  failures.passed(about);
  failures.passed(about);
  expect(told()).toEqual([[30, 'a queue could not be looked at: this is over', undefined, 'a']]);
  // One that comes and goes isn't told each time.
  expect(fail(61)).toBe(500);
  failures.passed(about);
  expect(told()).toEqual([]);
  fail(121);
  expect(told()).toEqual([[50, begun, 2, 'a']]);
  clock.mockRestore();
});

test('of several who try the same each has its own pauses, and it is over when none of them fails any more', () => {
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const failures = new Failures(logger, 'a stream could not be read');
  const told = () => lines.splice(0).map(({ level, msg }) => [level, msg]);
  const all = Array.from({ length: 50 }, (_, place) => ({ place }));
  const fail = () => new Set(all.map((one) => failures.failed(new TypeError('no'), 500, {}, one)));

  expect([fail(), fail(), fail()]).toEqual([new Set([500]), new Set([1_000]), new Set([2_000])]);
  // One bug, whoever meets it.
  expect(told()).toEqual([[50, 'a stream could not be read, trying again']]);

  const [leaving = {}, ...others] = all;
  const last = others.pop() ?? {};
  for (const one of others) failures.passed({}, one);
  failures.left(leaving);
  expect(failures.failed(new TypeError('no'), 500, {}, last)).toBe(4_000);
  expect(told()).toEqual([]);
  failures.passed({}, last);
  expect(told()).toEqual([[30, 'a stream could not be read: this is over']]);
});

test('a store that is away is no error, and tried again as often as ever', () => {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const failures = new Failures(logger, 'a queue could not be looked at');
  const away = new UnavailableError({ cause: new Error('Connection is closed.') });

  expect(Array.from({ length: 20 }, () => failures.failed(away, 500))).toEqual(Array(20).fill(500));
  failures.passed();
  expect(lines).toEqual([]);
});

test('a bug is what the store says of our scripts and a wrong type in our code, also behind a deadline', () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

  expect(
    [reply('ERR unknown'), reply('WRONGTYPE no hash'), new TypeError('no')].map((error) => [
      isMistake(error),
      isMistake(new UnavailableError({ cause: error })),
    ]),
  ).toEqual([
    [true, true],
    [true, true],
    [true, true],
  ]);
  expect(
    [reply('LOADING'), reply('NOPERM'), new Error('Connection is closed.')].map((error) => [
      isMistake(error),
      isMistake(new UnavailableError({ cause: error })),
    ]),
  ).toEqual([
    [false, false],
    [false, false],
    [false, false],
  ]);
});
