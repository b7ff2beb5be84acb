import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const fixture = fileURLToPath(new URL('../fixtures/blocked-loop.ts', import.meta.url));

/** A process whose loop is blocked, and the lines of its log. */
function blocked(how: string, options: readonly string[] = [], ms = 1_500) {
  const child = spawn(process.execPath, [...options, fixture, how, String(ms)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  return {
    child,
    /** The next line of its log; undefined at its end. */
    async line(): Promise<Record<string, unknown> | undefined> {
      for (;;) {
        const next = await lines.next();
        if (next.done) return undefined;
        // Node writes there too, as of a debugger that listens.
        if (next.value.startsWith('{')) return JSON.parse(next.value) as Record<string, unknown>;
      }
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

const advice =
  'a run blocks the event loop: leases and other tasks wait for it; give its definition thread: true';
const over = 'a run has blocked the event loop, which turns again';

test('a run that blocks the event loop is named while it does, with where it is', async () => {
  await using app = blocked('endless');

  expect(await app.line()).toMatchObject({
    level: 40,
    pid: app.child.pid,
    name: 'test',
    worker: 'w1',
    msg: advice,
    task: 'report',
    id: '01',
    blockedMs: expect.any(Number),
    at: [expect.stringMatching(/^run \(.*fixtures\/blocked-loop\.ts:\d+\)$/)],
  });
});

test('how long it was blocked is told when it turns again, and the process ends as ever', async () => {
  await using app = blocked('spin');
  const done = text(app.child.stdout);

  expect(await app.line()).toMatchObject({ task: 'report', id: '01', msg: advice });
  const last = await app.line();

  expect(last).toMatchObject({ task: 'report', id: '01', worker: 'w1', msg: over });
  expect(last?.['blockedMs']).toBeGreaterThan(1_000);
  expect(last?.['at']).toEqual([expect.stringMatching(/^spinFor /), expect.stringMatching(/^run /)]);
  expect(await app.line()).toBeUndefined();
  expect(await done).toBe('done\n');
});

test('a run that blocks in native code is named when that returns', async () => {
  // Longer than a busy machine takes to look at it.
  await using app = blocked('native', [], 4_000);

  expect(await app.line()).toMatchObject({ msg: expect.stringMatching(/it seems by native code/) });
  const named = await app.line();

  expect(named).toMatchObject({ task: 'report', id: '01', msg: advice });
  expect(named?.['at']).toEqual([expect.stringMatching(/^run /)]);
});

test('code of no run that blocks the event loop is shown without a task', async () => {
  await using app = blocked('outside');

  const line = await app.line();

  expect(line).toMatchObject({ msg: 'the event loop is blocked: leases and tasks wait for it' });
  expect(line).not.toHaveProperty('task');
  expect(line?.['at']).toContainEqual(expect.stringMatching(/^spinFor /));
});

test('two workers in a process both name the run', async () => {
  await using app = blocked('two workers');

  const lines = [await app.line(), await app.line()];

  expect(lines).toMatchObject([
    { task: 'report', msg: advice },
    { task: 'report', msg: advice },
  ]);
});

test('a run that waits without blocking is not named', async () => {
  await using app = blocked('idle');
  expect(await app.line()).toBeUndefined();
});

test.each([
  ['is being debugged', ['--inspect=127.0.0.1:0']],
  ['may not be inspected', ['--permission', '--allow-fs-read=*', '--allow-worker', '--allow-child-process']],
])('in a process that %s the block is told, and nothing is paused', async (_case, options) => {
  await using app = blocked('spin', options);

  const line = await app.line();
  expect(line).toMatchObject({ msg: expect.stringMatching(/^the event loop is blocked or paused/) });
  expect(line).not.toHaveProperty('at');
  expect(await app.line()).toMatchObject({ msg: 'the event loop was blocked and turns again' });
});

test('a process that may have no threads works without being watched', async () => {
  await using app = blocked('spin', ['--permission', '--allow-fs-read=*']);

  expect(await text(app.child.stdout)).toBe('done\n');
  expect(await app.line()).toBeUndefined();
});
