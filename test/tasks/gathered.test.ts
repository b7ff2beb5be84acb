import { expect, test } from 'vitest';
import { Gathered } from '../../src/tasks/gathered.ts';

interface Thing {
  readonly id: string;
  readonly n: number;
}

test('the first comes at once, and what comes in the pause after it together, of each the newest', async () => {
  const mailbox = new Gathered<Thing>(200, ({ id }) => id);
  const first = mailbox.take();
  mailbox.set({ id: 'a', n: 1 });
  expect(await first).toEqual([{ id: 'a', n: 1 }]);

  const start = performance.now();
  mailbox.set({ id: 'a', n: 2 });
  const second = mailbox.take();
  mailbox.set({ id: 'b', n: 3 });
  mailbox.set({ id: 'a', n: 4 });

  expect(await second).toEqual([
    { id: 'b', n: 3 },
    { id: 'a', n: 4 },
  ]);
  // A timer may be a millisecond early.
  expect(performance.now() - start).toBeGreaterThan(190);
  expect(mailbox.size).toBe(0);
});

test.each(['waits', 'pauses'])('a taker that %s ends when it is closed', async (what) => {
  const mailbox = new Gathered<Thing>(60_000, ({ id }) => id);
  if (what === 'pauses') {
    mailbox.set({ id: 'a', n: 1 });
    await mailbox.take();
    mailbox.set({ id: 'a', n: 2 });
  }
  const taken = mailbox.take();

  mailbox.close();

  expect(await taken).toBeUndefined();
  mailbox.set({ id: 'a', n: 3 });
  expect(await mailbox.take()).toBeUndefined();
});
