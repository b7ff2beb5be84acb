import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { defineTask } from '../../src/index.ts';
import type { StreamBatch } from '../../src/tasks/logs.ts';
import type { Gate } from './definitions.ts';

/** Streams numbers, a thousand a second, and counts its progress; waits at a gate, if one is given, for its end. */
export function counting(count: number, gate?: Gate) {
  return defineTask({
    name: 'counting',
    async run(_input, { stream, progress }) {
      const began = performance.now();
      for (let index = 0; index < count; index += 1) {
        void stream('numbers').write(`${index} `);
        if (index % 100 === 99) void progress({ current: index + 1 });
        if (index > performance.now() - began) await delay(1);
      }
      await gate?.opened;
    },
  });
}

/** What batches bring as one text; fails where one doesn't follow the one before, or something is missing. */
export function joined(batches: readonly Omit<StreamBatch, 'attempt'>[]): string {
  let next = (batches[0]?.lastIndex ?? 0) - (batches[0]?.chunks.length ?? 0) + 1;
  for (const { chunks, dropped, lastIndex } of batches) {
    expect(dropped).toBe(0);
    expect(lastIndex).toBe(next + chunks.length - 1);
    next += chunks.length;
  }
  return batches.flatMap(({ chunks }) => chunks).join('');
}

/** What `counting` writes. */
export function numbers(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => `${from + index} `).join('');
}
