import { expect, test } from 'vitest';
import type { TaskProgress } from '../../src/tasks/task.ts';
import { ProgressWriter } from '../../src/worker/progress.ts';

/** A writer that keeps what it wrote. */
function recorder(): { writer: ProgressWriter; written: TaskProgress[] } {
  const written: TaskProgress[] = [];
  return { writer: new ProgressWriter(async (progress) => void written.push(progress)), written };
}

test('a burst of updates is written as its first and its last', async () => {
  const { writer, written } = recorder();
  for (let current = 1; current <= 500; current += 1) writer.update({ current, total: 500 });
  await writer.flush();

  expect(written).toEqual([
    { fraction: 0.002, current: 1, total: 500 },
    { fraction: 1, current: 500, total: 500 },
  ]);
});

test('writes are spaced, however fast a run tells', async () => {
  const { writer, written } = recorder();
  for (let current = 1; current <= 500; current += 1) {
    writer.update({ current });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writer.flush();

  expect(written.length).toBeLessThan(50);
  expect(written.at(-1)).toEqual({ current: 500 });
});

test('progress never goes back', async () => {
  const { writer, written } = recorder();
  writer.update(0.8);
  writer.update({ fraction: 0.2, message: 'again' });
  await writer.flush();

  expect(written.at(-1)).toEqual({ fraction: 0.8, message: 'again' });
});

test('a fraction is at most one, and follows from current and total', async () => {
  const { writer, written } = recorder();
  writer.update({ current: 3, total: 2 });
  await writer.flush();
  expect(written).toEqual([{ fraction: 1, current: 3, total: 2 }]);
});

test.each([NaN, -1, Infinity, { current: -1 }, {}, { data: 'x'.repeat(5_000) }])(
  '%j is refused as progress',
  (update) => {
    const { writer, written } = recorder();
    expect(() => writer.update(update)).toThrow(TypeError);
    expect(written).toEqual([]);
  },
);
