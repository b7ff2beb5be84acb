import { expect, test } from 'vitest';
import { JournalWriter } from '../../src/worker/journal-writer.ts';
import { Gate } from '../support/definitions.ts';

/** A writer to a store that answers when a gate is open, and what came there. */
function recorder({ mostEntries = 1_000, gate = new Gate() } = {}) {
  const written: { place: number; entries: readonly string[] }[] = [];
  const writer = new JournalWriter({
    mostEntries,
    write: async (place, entries) => {
      written.push({ place, entries });
      await gate.opened;
    },
  });
  return { writer, written, gate };
}

function places(written: readonly { place: number; entries: readonly string[] }[]): string[] {
  return written.flatMap(({ place, entries }) => entries.map((entry, index) => `${place + index}=${entry}`));
}

test('what is said in one go is written in one, and what follows by and by', async () => {
  const { writer, written, gate } = recorder();
  gate.open();
  for (let count = 0; count < 10; count += 1) writer.add(String(count));
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  for (let count = 10; count < 30; count += 1) {
    writer.add(String(count));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writer.flush();

  expect(written[0]?.entries).toHaveLength(10);
  expect(written.length).toBeLessThan(10);
  expect(places(written)).toEqual(Array.from({ length: 30 }, (_, index) => `${index}=${index}`));
});

test('what is said just as the writer comes to its end is written, too', async () => {
  for (let steps = 0; steps < 12; steps += 1) {
    const written: string[] = [];
    let said: Promise<void> | undefined;
    const sayLater = async (): Promise<void> => {
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      writer.add('last');
    };
    const writer: JournalWriter = new JournalWriter({
      mostEntries: 1_000,
      write: async (_place, entries) => {
        written.push(...entries);
        said ??= sayLater();
        await Promise.resolve();
      },
    });
    writer.add('first');
    await writer.flush();
    await said;
    await writer.flush();

    expect({ steps, written }).toEqual({ steps, written: ['first', 'last'] });
  }
});

test('one write is under way at a time, and pieces are bounded', async () => {
  const { writer, written, gate } = recorder();
  for (let count = 0; count < 250; count += 1) writer.add(String(count));
  for (let count = 0; count < 5; count += 1) writer.add('x'.repeat(30_000));
  const flushed = writer.flush();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(written).toHaveLength(1);

  gate.open();
  await flushed;

  expect(written.map(({ entries }) => entries.length)).toEqual([100, 100, 52, 2, 1]);
});

test('what the store cannot take is bounded: the oldest goes, and leaves a hole', async () => {
  const { writer, written, gate } = recorder({ mostEntries: 50 });
  writer.add('first');
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  for (let count = 1; count <= 1_000; count += 1) writer.add(String(count));
  gate.open();
  await writer.flush();

  const all = places(written);
  expect(all[0]).toBe('0=first');
  expect(all.length).toSatisfy((count: number) => count > 50 && count <= 102);
  expect(all.slice(1)).toEqual(
    Array.from({ length: all.length - 1 }, (_, index) => 1_002 - all.length + index).map((n) => `${n}=${n}`),
  );
});

test('so it is where entries are large', async () => {
  const { writer, written, gate } = recorder();
  for (let count = 0; count < 1_000; count += 1) writer.add(`${count} ${'x'.repeat(10_000)}`);
  gate.open();
  await writer.flush();

  const bytes = written.flatMap(({ entries }) => entries).reduce((sum, entry) => sum + entry.length, 0);
  expect(bytes).toSatisfy((bytes: number) => bytes > 1_000_000 && bytes < 2_200_000);
  expect(places(written).at(-1)).toMatch(/^999=999 /);
});

test('who waits for room does so until less waits to be written, or until nobody shall', async () => {
  const { writer, gate } = recorder();
  writer.add('first');
  await writer.room();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  for (let count = 0; count < 10; count += 1) writer.add('x'.repeat(10_000));
  let hasRoom = false;
  const room = writer.room().then(() => (hasRoom = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasRoom).toBe(false);
  gate.open();
  await room;

  const closed = recorder();
  for (let count = 0; count < 10; count += 1) closed.writer.add('x'.repeat(10_000));
  const [first, second] = [closed.writer.room(), closed.writer.room()];
  closed.writer.interrupt(new Error('stop'));
  await expect(first).rejects.toThrow('stop');
  await expect(second).rejects.toThrow('stop');
  closed.writer.close(new Error('over'));
  closed.writer.add('nothing');
  await expect(closed.writer.room()).rejects.toThrow('over');
  await closed.writer.flush();
  expect(closed.written).toEqual([]);
});
