import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ProgressUpdate, TaskContext } from '../../src/definition/context.ts';
import { defineTask, type TaskDefinition } from '../../src/definition/definition.ts';
import { loadDefinitions } from '../../src/definition/load.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { AttemptAbortedError } from '../../src/worker/abort.ts';
import { failureOf } from '../../src/worker/failure.ts';
import { Threads, type ThreadsOptions } from '../../src/worker/threads.ts';
import { noChildLine, noChildren } from '../support/no-children.ts';
import { testLogger } from '../support/stores.ts';

/** A thread's start takes its time on a busy machine. */
const patience = { timeout: 15_000 };

const file = fileURLToPath(new URL('../fixtures/threads/tasks.ts', import.meta.url));
const definitions = await loadDefinitions([file]);
const { thrown } = (await import(file)) as { readonly thrown: Readonly<Record<string, () => unknown>> };

function definition(name: string): TaskDefinition {
  const found = definitions.find((definition) => definition.name === name);
  if (!found) throw new Error(`no definition ${name}`);
  return found;
}

/** Threads of the fixture's definitions, and what their runs told. */
function testThreads(options: Partial<ThreadsOptions> = {}) {
  const threads = new Threads({ definitions, maxThreads: 2, logger: testLogger, ...options });
  const progress: (number | ProgressUpdate)[] = [];
  const logs: unknown[][] = [];
  const abort = new AbortController();
  const kill = new AbortController();
  const log =
    (level: string): TaskContext['log']['info'] =>
    (...said) =>
      logs.push([level, ...said]);
  const context: TaskContext = {
    id: '01',
    attempt: 1,
    traceparent: undefined,
    signal: abort.signal,
    progress: async (update) => void progress.push(update),
    ...noChildren,
    stream: () => ({ write: async () => undefined }),
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
  };
  const run = async (
    name: string,
    input: unknown = {},
    more: Partial<TaskContext> = {},
    killed: AbortSignal = kill.signal,
  ): Promise<unknown> =>
    JSON.parse(
      await threads.run({
        definition: definition(name),
        input: JSON.stringify(input),
        context: { ...context, ...more },
        children: () => noChildLine,
        kill: killed,
      }),
    );
  return {
    threads,
    run,
    progress,
    logs,
    abort,
    kill,
    [Symbol.asyncDispose]: () => threads.close(),
  };
}

/** How it was rejected; fails where it wasn't. */
async function rejection(running: Promise<unknown>): Promise<Error & { code?: string }> {
  const outcome = await running.then((value) => ({ value })).catch((error: unknown) => ({ error }));
  if ('error' in outcome) return outcome.error as Error;
  throw new Error(`it resolved with ${JSON.stringify(outcome.value)}`);
}

test("a task file's run gets its typed input in a thread, and its output comes back as wire JSON", async () => {
  await using app = testThreads();

  expect(await app.run('lookAround', { url: 'https://example.com/a', at: '2026-01-02T03:04:05Z' })).toEqual({
    host: 'example.com',
    at: '2026-01-02T03:04:05.000Z',
    id: '01',
    attempt: 1,
    traceparent: undefined,
    isMainThread: false,
  });
});

test('the event loop keeps turning while a run computes', async () => {
  await using app = testThreads();
  await app.run('compute', { ms: 0 });
  let turns = 0;
  const turning = setInterval(() => (turns += 1), 1);

  await app.run('compute', { ms: 300 });

  clearInterval(turning);
  expect(turns).toBeGreaterThan(20);
});

test('two runs compute side by side, the next waits for its turn', async () => {
  await using app = testThreads({ maxThreads: 2 });

  const outputs = await Promise.all([1, 2, 3, 4].map(() => app.run('compute', { ms: 50 })));

  expect(new Set(outputs.map((output) => (output as { thread: number }).thread)).size).toBe(2);
});

test('progress is told from a thread, also what nobody awaits', async () => {
  await using app = testThreads();

  await app.run('tell', { what: 'progress' });

  expect(app.progress).toEqual([
    { fraction: 0.25 },
    { fraction: 0.5, current: 1, total: 2, message: 'half', data: { at: '1970-01-01T00:00:00.000Z' } },
    expect.objectContaining({ fraction: 0.5, message: 'last, not awaited' }),
  ]);
});

test('progress that is wrong is refused where it is told', async () => {
  await using app = testThreads();

  expect(await app.run('tell', { what: 'wrong progress' })).toEqual({
    heard: [
      'TypeError TypeError: progress: fraction must be a number of at least 0, got NaN',
      'TypeError TypeError: progress: expected a number from 0 to 1, or { fraction }, { current, total }, { message } or { data }',
      'TypeError TypeError: Do not know how to serialize a BigInt',
    ].join('; '),
  });
});

test('progress of an attempt that lost its task throws as on the main thread', async () => {
  await using app = testThreads();
  const stale = async (): Promise<void> => {
    throw new AttemptAbortedError('STALE');
  };

  const told = await app.run('tell', { what: 'refused progress' }, { progress: stale });

  expect(told).toEqual({ heard: `Error AbortError: ${new AttemptAbortedError('STALE').message}` });
});

test('a run that tells much more than is heard sends its newest, the last one always', async () => {
  await using app = testThreads();

  await app.run('tell', { what: 'flood' });

  expect(app.progress.at(-1)).toEqual({ current: 20_000 });
  expect(app.progress.length).toBeLessThan(20_000);
});

test('log lines of a thread come in order, before its outcome, whatever their fields are', async () => {
  await using app = testThreads();

  await app.run('tell', { what: 'log' });

  expect(app.logs).toEqual([
    ['debug', 'a detail', undefined],
    ['info', 'with fields', { at: 1, list: [1] }],
    ['warn', 'with a function', { go: '[Function: go]' }],
    ['error', 'the end', undefined],
  ]);
});

test('nothing that a thread said is lost where its outcome overtakes it', async () => {
  await using app = testThreads({ maxThreads: 1 });
  await app.run('compute', { ms: 0 });

  const running = app.run('tell', { what: 'log' });
  // Handed over, but nothing of it heard: then the event loop has both to choose from.
  await Array.fromAsync({ length: 20 });
  const until = performance.now() + 200;
  while (performance.now() < until);
  await running;

  expect(app.logs.length).toBe(4);
});

test("a thread's signal fires with the reason of the main one", async () => {
  await using app = testThreads();

  const running = app.run('tell', { what: 'wait until aborted' });
  await vi.waitFor(() => expect(app.progress).toEqual([{ message: 'waits' }]), patience);
  app.abort.abort(new AttemptAbortedError('CANCELED'));

  const error = await rejection(running);
  expect(failureOf(error, 1)).toEqual(failureOf(new AttemptAbortedError('CANCELED'), 1));
});

test('a signal that has fired before the start is known to the run', async () => {
  await using app = testThreads();
  app.abort.abort(new AttemptAbortedError('STOPPING'));

  const error = await rejection(app.run('tell', { what: 'is aborted' }));

  expect(failureOf(error, 1)).toEqual(failureOf(new AttemptAbortedError('STOPPING'), 1));
});

test('a run that never yields hears its signal while it tells progress', async () => {
  await using app = testThreads();

  const running = app.run('tell', { what: 'busy until aborted' });
  await vi.waitFor(() => expect(app.progress.length).toBeGreaterThan(10), patience);
  app.abort.abort(new AttemptAbortedError('CANCELED'));

  expect(await running).toEqual({ heard: 'CANCELED' });
});

describe('what a run throws fails it as on the main thread:', () => {
  // One thread for all: none of these harms it.
  let app: ReturnType<typeof testThreads>;
  beforeAll(() => {
    app = testThreads({ maxThreads: 1 });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  test.each(Object.keys(thrown))('%s', async (what) => {
    const error = await rejection(app.run('throws', { what }));

    // Details cross as the JSON that clients get.
    const failure: unknown = JSON.parse(JSON.stringify(failureOf(thrown[what]?.(), 1)));
    expect(failureOf(error, 1)).toEqual(failure);
  });
});

test.each([
  ['an input that is wrong', { what: 5 }, 'INVALID_INPUT'],
  ['an output that is not as declared', { what: 'output' }, 'INVALID_OUTPUT'],
])('%s fails in a thread as on the main one', async (_case, input, code) => {
  await using app = testThreads();

  const error = await rejection(app.run('throws', input));

  expect(failureOf(error, 1)).toMatchObject({ code, retryable: false });
});

test("a thrown error's stack and the time of its next try reach the worker", async () => {
  await using app = testThreads();

  const seconds = await rejection(app.run('throws', { what: 'retryAfter' }));
  const date = await rejection(app.run('throws', { what: 'retryAt' }));
  const cause = await rejection(app.run('throws', { what: 'cause' }));

  expect(seconds).toMatchObject({ name: 'Error', retryAfter: 30 });
  expect(date).toMatchObject({ retryAfter: new Date(86_400_000) });
  expect(cause.stack).toMatch(
    /Error: Outside\.\n.*fixtures\/threads\/tasks\.ts[^]*caused by: Error: Inside\./,
  );
});

test.each(['loop', 'regular expression', 'promise', 'atomics'])(
  'a run that never ends is killed: %s',
  async (how) => {
    await using app = testThreads({ maxThreads: 1 });
    const running = rejection(app.run('endless', { how }));
    await vi.waitFor(() => expect(app.progress.length).toBe(1), patience);

    const start = performance.now();
    app.kill.abort(new Error('Too long.'));

    expect((await running).message).toBe('Too long.');
    expect(performance.now() - start).toBeLessThan(1_000);
  },
);

test('a run that waits for its turn is killed without one', async () => {
  await using app = testThreads({ maxThreads: 1 });
  await using other = testThreads();
  const running = rejection(app.run('endless', { how: 'loop' }));
  await vi.waitFor(() => expect(app.progress.length).toBe(1), patience);
  const kill = new AbortController();
  const waiting = rejection(app.run('endless', { how: 'loop' }, {}, kill.signal));

  kill.abort(new Error('Not needed.'));

  expect((await waiting).message).toBe('Not needed.');
  expect((await rejection(other.run('print', {}, {}, kill.signal))).message).toBe('Not needed.');
  app.kill.abort(new Error('Too long.'));
  expect((await running).message).toBe('Too long.');
});

test.each([
  ['exit', /^The thread that ran the task 'die' \(01\) died: it exited with code 3, as by process\.exit\.$/],
  ['uncaught', /died: nothing caught TypeError: Cannot read properties of undefined/],
  ['rejection', /died: nothing caught RangeError: forgotten/],
  ['memory', /died: it ran out of memory\.$/],
])('a thread that dies fails its task, and the next one gets a fresh thread: %s', async (how, message) => {
  await using app = testThreads({ maxThreads: 1, resourceLimits: { maxOldGenerationSizeMb: 48 } });

  const dying = rejection(app.run('die', { how }));
  const next = app.run('lookAround', { url: 'https://example.com' });

  const error = await dying;
  expect(error.message).toMatch(message);
  expect(failureOf(error, 1)).toMatchObject({ code: 'THREAD_DIED', retryable: true });
  expect(app.logs).toEqual([['info', 'the last words', undefined]]);
  expect(await next).toMatchObject({ host: 'example.com' });
});

test('where no thread can be started, the task fails', async () => {
  const preload = 'import { isMainThread } from "node:worker_threads"; if (!isMainThread) process.exit(5);';

  const said = await inProcess(['--import', `data:text/javascript,${preload}`], file, 'print');

  expect(said).toContain('rejected ThreadDiedError: No thread could be started');
});

test("a run's console works, and an idle thread keeps no process from its end", async () => {
  const said = await inProcess([], file, 'print');
  // Which of the two threads comes first is nobody's promise.
  expect(said.split('\n').toSorted()).toEqual(['', 'output null', 'printed in a thread']);
});

test('a worker that stops ends what runs in threads and what waits for one', async () => {
  const app = testThreads({ maxThreads: 1 });
  const running = [1, 2].map(() => rejection(app.run('endless', { how: 'loop' })));
  await vi.waitFor(() => expect(app.progress.length).toBe(1), patience);

  await app.threads.close();

  expect((await Promise.all(running)).map(({ code }) => code)).toEqual(['THREAD_DIED', 'THREAD_DIED']);
  expect((await rejection(app.run('print'))).message).toMatch(/worker has stopped/);
});

test('no thread is left once they are closed', async () => {
  const app = testThreads();
  const made: Worker[] = [];
  const onWorker = (worker: Worker): unknown => made.push(worker);
  process.on('worker', onWorker);
  await app.run('compute', { ms: 0 });
  process.off('worker', onWorker);

  await app.threads.close();

  // What Node gives for a thread that has ended.
  expect(made.map(({ threadId }) => threadId)).toEqual([-1]);
});

test('an idle thread is ended after a while', async () => {
  await using app = testThreads({ maxThreads: 1, idleMs: 20 });
  const threadOf = async (): Promise<unknown> =>
    ((await app.run('compute', { ms: 0 })) as { thread: number }).thread;
  const first = await threadOf();

  await vi.waitFor(async () => expect(await threadOf()).not.toBe(first), { timeout: 10_000, interval: 200 });
});

test('nothing is left of a thousand runs, on either side', async () => {
  await using app = testThreads({ maxThreads: 1 });

  for (let count = 0; count < 1_000; count += 1) await app.run('compute', { ms: 0 });

  // Those of the last run may still be closing.
  expect(((await app.run('compute', { ms: 0 })) as { ports: number }).ports).toBeLessThan(10);
  const listeners = [app.kill.signal, app.abort.signal].flatMap((signal) =>
    getEventListeners(signal, 'abort'),
  );
  expect(listeners).toEqual([]);
  await vi.waitFor(() => expect(process.getActiveResourcesInfo()).not.toContain('MessagePort'), patience);
});

test('a definition in code can have no thread, and the error says what to do', () => {
  const inCode = defineTask({ name: 'inCode', thread: true, run() {} });
  const make = (): Threads => new Threads({ definitions: [inCode], maxThreads: 1, logger: testLogger });

  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(/'inCode' has thread: true, but was made in code.*loadDefinitions.*--tasks/);
});

test('a thread that dies while it is idle is logged', async () => {
  const lines: string[] = [];
  const stream = new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) });
  await using app = testThreads({ logger: pino(stream) });

  await app.run('dieLater');

  await vi.waitFor(() => expect(lines.join('')).toContain('a thread died that ran no task'), patience);
});

/** What a process prints that runs a task in a thread. */
async function inProcess(options: readonly string[], ...args: readonly string[]): Promise<string> {
  const runner = fileURLToPath(new URL('../fixtures/threads/runner.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...options, runner, ...args]);
  return stdout;
}
