import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { defineTask, NonRetryableError } from '../../src/index.ts';
import { Deliveries } from '../../src/tasks/deliveries.ts';
import { isFinal } from '../../src/tasks/task.ts';
import { startWorker, type WorkerOptions } from '../../src/worker/worker.ts';
import { double, forever, Gate } from '../support/definitions.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings, sharedStores, testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

const failing = defineTask({
  name: 'failing',
  retry: { attempts: 1 },
  input: (t) => ({ how: t.string({ required: true }) }),
  run({ how }) {
    if (how === 'plain') throw new Error('It broke.');
    if (how === 'coded') throw Object.assign(new Error('No money.'), { code: 'CARD_DECLINED' });
    if (how === 'final') throw new NonRetryableError('Never.', { code: 'GONE', details: { at: 3 } });
    if (how === 'text') throw 'just text';
    throw new Error('m'.repeat(5_000));
  },
});

const wrongOutput = defineTask({
  name: 'wrongOutput',
  output: (t) => ({ n: t.int() }),
  // What `run` returns came from elsewhere: its type promises more than it holds.
  run: () => JSON.parse('{"n":"three"}') as { n: number },
});

const largeOutput = defineTask({
  name: 'largeOutput',
  maxOutputBytes: 100,
  output: (t) => ({ text: t.string() }),
  run: () => ({ text: 'x'.repeat(200) }),
});

describe.each(sharedStores)('a worker on $name', (shared) => {
  test('runs what is enqueued, each task once, by several workers', async () => {
    const ran: number[] = [];
    const count = defineTask({
      name: 'count',
      input: (t) => ({ n: t.int({ required: true }) }),
      run: ({ n }) => void ran.push(n),
    });
    await using tests = await TestTasks.start([count], { redis: freshSettings(shared), workers: 3 });
    const all = Array.from({ length: 300 }, (_, n) => n);

    const tasks = await Promise.all(all.map((n) => tests.tasks.enqueue(count, { n })));
    const ended = await Promise.all(tasks.map(({ id }) => tests.finished(id)));

    expect(ended.every(({ status, attempt }) => status === 'SUCCEEDED' && attempt === 1)).toBe(true);
    expect(ran.toSorted((a, b) => a - b)).toEqual(all);
  });

  test('runs no more attempts side by side than it has slots', async () => {
    let running = 0;
    let most = 0;
    const full = new Gate();
    const busy = defineTask({
      name: 'busy',
      async run() {
        running += 1;
        most = Math.max(most, running);
        if (running === 3) full.open();
        await full.opened;
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
      },
    });
    await using tests = await TestTasks.start([busy], { redis: freshSettings(shared), concurrency: 3 });
    const tasks = await Promise.all(Array.from({ length: 60 }, () => tests.tasks.enqueue(busy, {})));
    await Promise.all(tasks.map(({ id }) => tests.finished(id)));

    expect(most).toBe(3);
  });

  test('tells why a run failed: the code and message that it threw', async () => {
    await using tests = await TestTasks.start([failing], { redis: freshSettings(shared) });
    const failures: Record<string, unknown> = {};
    for (const how of ['plain', 'coded', 'final', 'text', 'long']) {
      const { id } = await tests.tasks.enqueue(failing, { how });
      const ended = await tests.finished(id);
      expect(ended).toMatchObject({ status: 'FAILED', attempts: [{ outcome: 'FAILED' }] });
      failures[how] = ended.failure;
    }

    expect(failures).toMatchObject({
      plain: { code: 'ATTEMPTS_EXHAUSTED', message: 'It broke.', retryable: true, attempt: 1 },
      coded: { code: 'CARD_DECLINED', message: 'No money.', retryable: true },
      final: { code: 'GONE', message: 'Never.', retryable: false, details: { at: 3 } },
      text: { code: 'ATTEMPTS_EXHAUSTED', message: 'The run threw "just text".' },
      long: { message: expect.stringMatching(/^m{999}…$/) as string },
    });
    expect(JSON.stringify(failures)).not.toContain('worker.test.ts');
  });

  test('fails a task whose output is not what its definition says, or too large', async () => {
    await using tests = await TestTasks.start([wrongOutput, largeOutput], { redis: freshSettings(shared) });
    const wrong = await tests.finished((await tests.tasks.enqueue(wrongOutput, {})).id);
    const large = await tests.finished((await tests.tasks.enqueue(largeOutput, {})).id);

    expect(wrong).toMatchObject({ status: 'FAILED', failure: { code: 'INVALID_OUTPUT' } });
    expect(wrong.failure?.message).toContain('n');
    expect(large).toMatchObject({ status: 'FAILED', failure: { code: 'OUTPUT_TOO_LARGE' } });
    expect(large.failure?.message).toContain('maxOutputBytes');
  });

  test('stops a run whose task is canceled', async () => {
    await using tests = await TestTasks.start([forever], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(forever, {});
    await tests.reached(id, ({ status }) => status === 'RUNNING');

    const { accepted, task } = await tests.tasks.cancel(id, { reason: 'enough' });

    expect([accepted, task.status]).toEqual([true, 'CANCELING']);
    expect(await tests.finished(id)).toMatchObject({
      status: 'CANCELED',
      cancellation: { reason: 'enough' },
      attempts: [{ outcome: 'CANCELED' }],
    });
  });

  test('leaves a definition or version that it does not know to a worker that does', async () => {
    const newer = defineTask({
      name: 'double',
      input: (t) => ({ n: t.float({ required: true }) }),
      output: (t) => ({ n: t.float() }),
      run: ({ n }) => ({ n: 2 * n }),
    });
    await using tests = await TestTasks.start([newer], { redis: freshSettings(shared), workers: 0 });
    await tests.startWorker([double]);
    const { id } = await tests.tasks.enqueue(newer, { n: 0.5 });
    expect(await tests.tasks.get(id)).toMatchObject({ status: 'QUEUED' });

    await tests.startWorker([newer]);

    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED', output: { n: 1 }, attempt: 1 });
  });

  test('that stops finishes what it can and gives back the rest, which another one runs', async () => {
    const gate = new Gate();
    const gated = defineTask({
      name: 'gated',
      async run() {
        await gate.opened;
      },
    });
    const reasons: unknown[] = [];
    const endless = defineTask({
      name: 'endless',
      async run(_input, { signal, progress }) {
        await progress({ message: 'started' });
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        reasons.push(signal.reason);
        signal.throwIfAborted();
      },
    });
    await using tests = await TestTasks.start([gated, endless], {
      redis: freshSettings(shared),
      concurrency: 2,
    });
    const [first] = tests.workers;
    const quick = await tests.tasks.enqueue(gated, {});
    const long = await tests.tasks.enqueue(endless, {});
    await tests.reached(quick.id, ({ status }) => status === 'RUNNING');
    await tests.reached(long.id, ({ progress }) => progress !== undefined);
    await tests.startWorker();

    const stopping = first?.stop(100);
    gate.open();
    await stopping;

    expect(await tests.finished(quick.id)).toMatchObject({ status: 'SUCCEEDED', attempt: 1 });
    expect(reasons).toMatchObject([{ code: 'STOPPING' }]);
    const again = await tests.reached(
      long.id,
      ({ attempt, progress }) => attempt === 2 && progress !== undefined,
    );
    expect(again.attempts).toMatchObject([{ outcome: 'SUPERSEDED' }, { number: 2 }]);
    expect(again.failure).toBeUndefined();
  });

  test('that stops keeps its lease as long as it lets a run finish', async () => {
    const started = new Gate();
    const stopped = Promise.withResolvers<void>();
    let runs = 0;
    const patient = defineTask({
      name: 'patient',
      async run() {
        runs += 1;
        started.open();
        await stopped.promise;
      },
    });
    const leaseMs = 300;
    await using tests = await TestTasks.start([patient], { redis: freshSettings(shared), leaseMs });
    const { id } = await tests.tasks.enqueue(patient, {});
    await started.opened;
    await tests.startWorker();
    await using store = new TestStore(tests.redis, 'default');

    const stopping = tests.workers[0]?.stop(20_000);
    // Three renewals later than the lease it had when it was told to stop.
    await store.renewed(tests.workers[0]?.id ?? '', 6);
    stopped.resolve();
    await stopping;

    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED', attempt: 1 });
    expect(runs).toBe(1);
  });

  test('survives a run that tells nonsense as progress and does not wait for the answer', async () => {
    const careless = defineTask({
      name: 'careless',
      run(_input, { progress }) {
        // oxlint-disable-next-line typescript/no-floating-promises -- as a user may write it
        progress(NaN);
      },
    });
    await using tests = await TestTasks.start([careless], { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(careless, {});
    expect(await tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('fails a task whose run throws something that cannot be read', async () => {
    const odd = defineTask({
      name: 'odd',
      retry: { attempts: 1 },
      input: (t) => ({ how: t.int({ required: true }) }),
      run({ how }) {
        const error = new Error();
        if (how === 0) throw Object.defineProperty(error, 'message', { get: () => error.stack?.repeat(-1) });
        if (how === 1) throw Object.assign(error, { name: undefined });
        throw Object.assign(error, { message: { not: 'a text' } });
      },
    });
    await using tests = await TestTasks.start([odd], { redis: freshSettings(shared) });
    for (const how of [0, 1, 2]) {
      const { id } = await tests.tasks.enqueue(odd, { how });
      const { status, failure } = await tests.finished(id);
      expect([status, failure?.code, typeof failure?.message]).toEqual([
        'FAILED',
        'ATTEMPTS_EXHAUSTED',
        'string',
      ]);
    }
  });

  test('aborts a run whose lease was lost, and what it says then counts for nothing', async () => {
    const aborted = Promise.withResolvers<unknown>();
    let deliveries = 0;
    const stubborn = defineTask({
      name: 'stubborn',
      output: (t) => ({ by: t.int() }),
      async run(_input, { signal }) {
        deliveries += 1;
        if (deliveries > 1) return { by: 2 };
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        aborted.resolve(signal.reason);
        return { by: 1 };
      },
    });
    const options = { redis: freshSettings(shared), leaseMs: 600 };
    await using tests = await TestTasks.start([stubborn], options);
    await using store = new TestStore(tests.redis, 'default');
    const { id } = await tests.tasks.enqueue(stubborn, {});
    const running = await tests.reached(id, ({ status }) => status === 'RUNNING');

    await store.expire(running.attempts[0]?.worker ?? '');
    await store.tick();

    expect(await aborted.promise).toMatchObject({ code: 'STALE' });
    expect(await tests.finished(id)).toMatchObject({
      status: 'SUCCEEDED',
      output: { by: 2 },
      attempts: [{ outcome: 'LOST' }, { outcome: 'SUCCEEDED' }],
    });
  });

  test('hears of a cancel that comes before the answer by which it was handed the task', async () => {
    // Without progress, whose answer would tell of the cancel, too.
    const quiet = defineTask({
      name: 'quiet',
      async run(_input, { signal }) {
        if (!signal.aborted) await once(signal, 'abort');
        signal.throwIfAborted();
      },
    });
    await using tests = await TestTasks.start([quiet]);
    // oxlint-disable-next-line typescript/unbound-method -- called with the `this` of its caller
    const { begin } = Deliveries.prototype;
    const isCanceled = new Gate();
    // On its way for as long as it likes, as over a slow network.
    const answer = vi.spyOn(Deliveries.prototype, 'begin').mockImplementation(async function (
      this: Deliveries,
      ...args
    ) {
      const begun = await begin.apply(this, args);
      await isCanceled.opened;
      return begun;
    });
    onTestFinished(() => answer.mockRestore());
    const { id } = await tests.tasks.enqueue(quiet, {});
    await tests.reached(id, ({ status }) => status === 'RUNNING');
    await using store = new TestStore(tests.redis, 'default');
    const heard = Promise.withResolvers<unknown>();
    const listener = store.redis.duplicate();
    listener.on('message', heard.resolve);
    await listener.subscribe(`${store.root}:worker:${tests.workers[0]?.id}`);

    await tests.tasks.cancel(id);
    await heard.promise;
    listener.disconnect();
    // By then the worker's own connection has it as well.
    for (const _ of [1, 2, 3]) await store.redis.ping();
    isCanceled.open();
    const askedAt = Date.now();

    expect(await tests.finished(id)).toMatchObject({ status: 'CANCELED' });
    // Its lease is renewed every five seconds, which would say it, too.
    expect(Date.now() - askedAt).toBeLessThan(2_000);
  });

  test('gives back at once what it was handed while it stops', async () => {
    const patient = new Gate();
    const stopping = Promise.withResolvers<{ stopped: Promise<void> | undefined }>();
    const waits = defineTask({
      name: 'waits',
      async run() {
        await patient.opened;
      },
    });
    const last = defineTask({
      name: 'last',
      run() {
        // When the answer to its outcome, with the next task in it, is still under way.
        setImmediate(() => stopping.resolve({ stopped: tests.workers[0]?.stop(30_000) }));
      },
    });
    const next = defineTask({ name: 'next', run: () => {} });
    await using tests = await TestTasks.start([waits, last, next], { concurrency: 2, workers: 0 });
    await tests.tasks.enqueue(waits, {});
    await tests.tasks.enqueue(last, {});
    const { id } = await tests.tasks.enqueue(next, {});
    await tests.startWorker();
    const { stopped } = await stopping.promise;
    await tests.startWorker();

    const ended = await tests.finished(id);
    patient.open();
    await stopped;

    expect(ended.status).toBe('SUCCEEDED');
    // Not after the lease of the one that still runs something.
    expect((ended.startedAt ?? 0) - ended.createdAt).toBeLessThan(10_000);
    expect(ended.attempts.filter(({ outcome }) => outcome === 'LOST')).toEqual([]);
  });

  test('is refused with slots, a lease or queues that nobody can serve', async () => {
    const redis = freshSettings();
    const start = async (more: Partial<WorkerOptions>) =>
      await startWorker({ redis, definitions: [double], logger: testLogger, ...more });

    await expect(start({ concurrency: 0 })).rejects.toThrow(
      'concurrency: expected a whole number from 1 to 1000, got 0.',
    );
    await expect(start({ leaseMs: 5 })).rejects.toThrow('leaseMs: expected at least 100, got 5.');
    await expect(start({ queues: ['emails'] })).rejects.toThrow(
      "queues: no definition that is loaded names the queue 'emails'. Known: default.",
    );
  });

  test('runs what waited while nobody was there, oldest first', async () => {
    const ran: number[] = [];
    const count = defineTask({
      name: 'count',
      input: (t) => ({ n: t.int({ required: true }) }),
      run: ({ n }) => void ran.push(n),
    });
    await using tests = await TestTasks.start([count], {
      redis: freshSettings(shared),
      workers: 0,
      concurrency: 1,
    });
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) ids.push((await tests.tasks.enqueue(count, { n })).id);

    await tests.startWorker();
    const ended = await Promise.all(ids.map((id) => tests.finished(id)));

    expect(ended.every(({ status }) => isFinal(status))).toBe(true);
    expect(ran).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });
});
