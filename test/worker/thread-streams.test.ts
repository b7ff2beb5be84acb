import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import type { TaskContext, TaskStream } from '../../src/definition/context.ts';
import { loadDefinitions } from '../../src/definition/load.ts';
import { AttemptAbortedError } from '../../src/worker/abort.ts';
import { Threads } from '../../src/worker/threads.ts';
import { Gate } from '../support/definitions.ts';
import { noChildLine, noChildren } from '../support/no-children.ts';
import { freshSettings, testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

/** A thread's start takes its time on a busy machine. */
const patience = { timeout: 15_000 };

const file = fileURLToPath(new URL('../fixtures/threads/tasks.ts', import.meta.url));
const definitions = await loadDefinitions([file]);

/** Runs `write` in a thread, whose main thread does with a chunk what the test says. */
async function runWriting(what: string, write: TaskStream['write'], signal: AbortSignal): Promise<unknown> {
  await using threads = new Threads({ definitions, maxThreads: 1, logger: testLogger });
  const definition = definitions.find(({ name }) => name === 'write');
  if (definition === undefined) throw new Error('the fixture has no such task');
  const none = () => undefined;
  const context: TaskContext = {
    id: '01',
    attempt: 1,
    traceparent: undefined,
    signal,
    progress: async () => undefined,
    ...noChildren,
    log: { debug: none, info: none, warn: none, error: none },
    stream: () => ({ write }),
  };
  const { signal: kill } = new AbortController();
  const input = JSON.stringify({ what });
  return JSON.parse(await threads.run({ definition, input, context, children: () => noChildLine, kill }));
}

test(
  'what a run in a thread writes is in its streams, in order, whole before its end',
  patience,
  async () => {
    await using tests = await TestTasks.start(definitions, { redis: freshSettings() });
    const { id } = await tests.tasks.enqueue('write', { what: 'two streams' });
    const { streams } = await tests.finished(id);

    expect(streams?.toSorted()).toEqual(['a', 'b']);
    expect(await tests.tasks.logs.readStream(id, 'a')).toMatchObject({ chunks: ['1', '3, not awaited'] });
    expect(await tests.tasks.logs.readStream(id, 'b')).toMatchObject({ chunks: ['2'] });

    const said = await tests.tasks.enqueue('tell', { what: 'log' });
    await tests.finished(said.id);
    const { entries } = await tests.tasks.logs.read(said.id);
    expect(entries.map(({ level, message }) => [level, message])).toEqual([
      ['DEBUG', 'a detail'],
      ['INFO', 'with fields'],
      ['WARN', 'with a function'],
      ['ERROR', 'the end'],
    ]);
  },
);

test('what is no chunk is refused where it is written', patience, async () => {
  const written = vi.fn<TaskStream['write']>(async () => undefined);

  expect(await runWriting('wrong', written, new AbortController().signal)).toEqual({
    heard: [
      "TypeError: stream('a').write: a chunk must be a string, got number; write data as JSON.stringify(data)",
      "TypeError: stream: the name must match ^[a-z][A-Za-z0-9_-]{0,31}$, got 'A'",
    ].join('; '),
  });
  expect(written).not.toHaveBeenCalled();
});

test('a run that never waits is slowed down, and nothing of it is lost', patience, async () => {
  const written: string[] = [];
  const room = new Gate();
  const running = runWriting(
    'flood',
    async (chunk) => {
      written.push(chunk);
      await room.opened;
    },
    new AbortController().signal,
  );
  // A thousand of a thousand characters.
  await vi.waitFor(() => expect(written.length).toBeGreaterThan(1_000), patience);
  for (let turn = 0; turn < 1_000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(written.length).toBeLessThan(1_100);

  room.open();
  await running;

  expect(written.map((chunk) => Number.parseInt(chunk, 10))).toEqual(
    Array.from({ length: 3_000 }, (_, index) => index + 1),
  );
});

test('a run waits while there is no room, and no longer once its signal fires', patience, async () => {
  const abort = new AbortController();
  const written: string[] = [];
  const never = new Promise<void>(() => undefined);

  const running = runWriting(
    'more than there is room for',
    (chunk) => (written.push(chunk), never),
    abort.signal,
  );
  await vi.waitFor(() => expect(written.length).toBe(7), patience);
  abort.abort(new AttemptAbortedError('CANCELED'));

  const { heard } = (await running) as { heard: string };
  expect(heard).toBe(`${'ok; '.repeat(6)}AbortError: ${new AttemptAbortedError('CANCELED').message}`);
});

test('a run that floods a stream which nobody takes hears its signal', patience, async () => {
  const abort = new AbortController();
  const written: string[] = [];
  const never = new Promise<void>(() => undefined);

  const running = runWriting('flood until aborted', (chunk) => (written.push(chunk), never), abort.signal);
  await vi.waitFor(() => expect(written.length).toBeGreaterThan(100), patience);
  abort.abort(new AttemptAbortedError('CANCELED'));

  expect(await running).toEqual({ heard: 'CANCELED' });
  expect(written.length).toBeLessThan(120);
});

test('why a stream takes no more is known in its thread', patience, async () => {
  const refuse = async (): Promise<void> => {
    throw new TypeError('one stream too many');
  };

  const { heard } = (await runWriting(
    'more than there is room for',
    refuse,
    new AbortController().signal,
  )) as {
    heard: string;
  };

  expect(heard).toMatch(/^(ok; )+TypeError: one stream too many$/);
});
