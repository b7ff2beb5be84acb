import { describe, expect, test, vi } from 'vitest';
import { TaskwireError } from '../../src/errors.ts';
import { connect, type Redis } from '../../src/redis/connection.ts';
import { Feed } from '../../src/tasks/feed.ts';
import { Lane } from '../../src/tasks/lane.ts';
import type { Task } from '../../src/tasks/task.ts';
import { double, forever } from '../support/definitions.ts';
import { outages, Outages, type Outage } from '../support/outages.ts';
import { redisServerPath, testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

/** How long something takes, in ms. */
async function timed(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await call();
  return performance.now() - start;
}

/** What came of an enqueue: the task's status, or the code of the error. */
async function answerOf(enqueue: Promise<Task>): Promise<string> {
  try {
    return (await enqueue).status;
  } catch (error) {
    return error instanceof TaskwireError ? error.code : String(error);
  }
}

/** Enqueues a task as soon as that is possible, and waits for its end as soon as that is. */
async function doubles(tests: TestTasks): Promise<void> {
  const { id } = await tests.enqueueWhenReady(double, { n: 2 });
  const task = await vi.waitFor(() => tests.finished(id), { timeout: 10_000 });
  expect(task).toMatchObject({ status: 'SUCCEEDED', output: { n: 4 } });
}

describe.skipIf(redisServerPath === undefined).concurrent('after Redis', () => {
  test.each(Object.entries<Outage>(outages))('%s, everything goes on within 5 s', async (_, outage) => {
    await using all = await Outages.start();
    await using tests = await TestTasks.start([double, forever], { redis: { url: all.url } });
    const running = await tests.tasks.enqueue(forever, {});
    const ended = tests.finished(running.id);
    await tests.reached(running.id, ({ progress }) => progress !== undefined);

    await outage.begin(all);
    const start = performance.now();
    const answer = await answerOf(tests.tasks.enqueue(double, { n: 1 }));
    const tookMs = performance.now() - start;
    await outage.end(all);

    // A second, on a machine that has other tests to run.
    expect(tookMs).toBeLessThan(1_500);
    expect(outage.answers).toContain(answer);
    expect(await timed(() => doubles(tests))).toBeLessThan(5_000);
    // Hints wake the slots: the clock alone would do so once a second, five seconds for these.
    expect(
      await timed(async () => {
        for (let count = 5; count > 0; count -= 1) await doubles(tests);
      }),
    ).toBeLessThan(4_000);
    await tests.tasks.cancel(running.id);
    expect(await ended).toMatchObject({ status: 'CANCELED', attempt: 1 });
  });
});

describe.skipIf(redisServerPath === undefined)('a dozen outages', () => {
  test('leave no timer, listener or connection behind', { timeout: 40_000 }, async () => {
    await using all = await Outages.start();
    await using tests = await TestTasks.start([double], { redis: { url: all.url } });
    await using parts = await Parts.start(all.url);
    const open = async () => {
      const connections = String(await all.operator.client('LIST')).match(/ name=taskwire-/g)?.length;
      return {
        connections,
        listeners: parts.listeners(),
        resources: counted(process.getActiveResourcesInfo()),
      };
    };
    await doubles(tests);
    // Waiting takes timers of its own, so that both looks wait.
    const before = await vi.waitFor(open);

    const quick = Object.entries<Outage>(outages).filter(([name]) => !slow.has(name));
    const kinds = [...quick, ...quick].map(([, outage]) => outage);
    // The last closes at the server what it believes to be connected still.
    for (const outage of [outages['was frozen'], outages['was cut off until that was noticed'], ...kinds]) {
      await outage.begin(all);
      await answerOf(tests.tasks.enqueue(double, { n: 1 }));
      await outage.end(all);
      await doubles(tests);
    }

    await vi.waitFor(
      async () => {
        const { resources, ...now } = await open();
        expect(now).toEqual({ connections: before.connections, listeners: before.listeners });
        // A timer that was just due when the first look was taken isn't missed.
        const more = Object.entries(resources).filter(
          ([kind, count]) => count > (before.resources[kind] ?? 0),
        );
        expect(more).toEqual([]);
      },
      { timeout: 5_000 },
    );
  });
});

/** They last until the silence was noticed. */
const slow: ReadonlySet<string> = new Set([
  'was frozen',
  'was cut off without a word',
  'was cut off until that was noticed',
]);

/** What a process holds on its connections, where a test can look at it. */
class Parts implements AsyncDisposable {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #feed: Feed;
  readonly #lane: Lane;

  private constructor(url: string) {
    this.#redis = connect({ url }, 'worker', testLogger);
    this.#subscriber = connect({ url }, 'subscriber', testLogger);
    this.#feed = new Feed(this.#subscriber, testLogger);
    this.#lane = new Lane({ queue: 'other', prefix: 'tw', redis: this.#redis, logger: testLogger });
  }

  static async start(url: string): Promise<Parts> {
    const parts = new Parts(url);
    await parts.#lane.serve(1, async () => undefined);
    await parts.#feed.listen('channel', { onMessage: () => undefined, onGap: () => undefined }).confirmed;
    return parts;
  }

  /** How many listeners each connection has, by event. */
  listeners(): Readonly<Record<string, number>>[] {
    return [this.#redis, this.#subscriber].map((redis) =>
      Object.fromEntries(redis.eventNames().map((name) => [String(name), redis.listenerCount(name)])),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lane.close();
    this.#feed.close();
    this.#redis.disconnect();
  }
}

function counted(names: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...Map.groupBy(names, String)].map(([name, found]) => [name, found.length]));
}
