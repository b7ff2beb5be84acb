import { expect, test } from 'vitest';
import { Latest } from '../../src/tasks/latest.ts';
import { throttled } from '../../src/tasks/throttle.ts';

interface State {
  readonly n: number;
  readonly isLast?: boolean;
}

/** States that a test sets, as a watch has them. */
function watch() {
  const mailbox = new Latest<State>(100);
  async function* states(): AsyncGenerator<State, void, undefined> {
    for (let state = await mailbox.take(); state !== undefined; state = await mailbox.take()) {
      yield state;
      if (state.isLast === true) return;
    }
  }
  return { mailbox, states: states() };
}

test('of states that come too soon the newest is told, when its time has come', async () => {
  const { mailbox, states } = watch();
  const told = throttled(states, 100, () => false);
  mailbox.set({ n: 1 });
  const start = performance.now();
  expect(await told.next()).toMatchObject({ value: { n: 1 } });
  for (const n of [2, 3, 4]) mailbox.set({ n });

  expect(await told.next()).toMatchObject({ value: { n: 4 } });

  expect(performance.now() - start).toBeGreaterThanOrEqual(90);
  mailbox.close();
  expect(await told.next()).toMatchObject({ done: true });
});

test('the last one comes at once', async () => {
  const { mailbox, states } = watch();
  const told = throttled(states, 60_000, ({ isLast }) => isLast === true);
  mailbox.set({ n: 1 });
  await told.next();
  mailbox.set({ n: 2 });
  mailbox.set({ n: 3, isLast: true });

  expect(await told.next()).toMatchObject({ value: { n: 3 } });
  expect(await told.next()).toMatchObject({ done: true });
});

test('what is urgent comes at once, also where others follow', async () => {
  const { mailbox, states } = watch();
  const told = throttled(states, 60_000, ({ n }) => n === 2);
  mailbox.set({ n: 1 });
  await told.next();
  for (const n of [2, 3]) mailbox.set({ n });

  expect(await told.next()).toMatchObject({ value: { n: 2 } });

  mailbox.set({ n: 4, isLast: true });
  expect(await told.next()).toMatchObject({ value: { n: 4 } });
});

test('what is held back is told where nothing follows it any more', async () => {
  const { mailbox, states } = watch();
  const told = throttled(states, 60_000, () => false);
  mailbox.set({ n: 1 });
  await told.next();
  const next = told.next();
  mailbox.set({ n: 2, isLast: true });

  expect(await next).toMatchObject({ value: { n: 2 } });
  expect(await told.next()).toMatchObject({ done: true });
});

test('what the states throw is thrown', async () => {
  // oxlint-disable-next-line require-yield -- it fails before it has anything
  async function* failing(): AsyncGenerator<State, void, undefined> {
    throw new Error('gone');
  }

  await expect(throttled(failing(), 10, () => false).next()).rejects.toThrow('gone');
});
