import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { defineTask } from '../../src/index.ts';
import { ledgerFile, type LedgerEntry } from './ledger.ts';
import { limits, pace, slotMs } from './limits.ts';

/** A poison task isn't what this suite looks for: however many workers are lost, none of these fails by it. */
const maxDeliveries = 1_000;

/** Who speaks: in every progress, output and failure, so that a stale attempt's words can be told. */
interface Words {
  readonly number: number;
  readonly attempt: number;
  readonly pid: number;
}

export const touch = defineTask({
  name: 'touch',
  input: (t) => ({ number: t.int({ required: true }) }),
  output: (t) => ({ number: t.int(), attempt: t.int(), pid: t.int() }),
  maxDeliveries,
  run: async ({ number }, { id, attempt }) =>
    await recorded(id, { number, attempt, pid: process.pid }, async () => {}),
});

export const steps = defineTask({
  name: 'steps',
  input: (t) => ({
    number: t.int({ required: true }),
    takesMs: t.int({ required: true }),
    isHeedless: t.boolean({ required: true }),
  }),
  output: (t) => ({ number: t.int(), attempt: t.int(), pid: t.int() }),
  maxDeliveries,
  async run({ number, takesMs, isHeedless }, { id, attempt, progress, signal }) {
    const words = { number, attempt, pid: process.pid };
    return await recorded(id, words, async () => {
      if (isHeedless) return await delay(takesMs);
      const total = Math.ceil(takesMs / 40);
      for (let current = 1; current <= total; current += 1) {
        await delay(takesMs / total, undefined, { signal });
        await progress({ current, total, data: words });
      }
    });
  },
});

export const stumble = defineTask({
  name: 'stumble',
  input: (t) => ({ number: t.int({ required: true }), failures: t.int({ required: true }) }),
  output: (t) => ({ number: t.int(), attempt: t.int(), pid: t.int() }),
  maxDeliveries,
  retry: { attempts: 3, backoff: { initial: '50ms' } },
  async run({ number, failures }, { id, attempt }) {
    return await recorded(id, { number, attempt, pid: process.pid }, async () => {
      if (attempt <= failures) {
        throw Object.assign(new Error(`attempt=${attempt} pid=${process.pid}`), { code: 'STUMBLED' });
      }
    });
  },
});

export const narrow = defineTask({
  name: 'narrow',
  input: (t) => ({ number: t.int({ required: true }), takesMs: t.int({ required: true }) }),
  output: (t) => ({ number: t.int(), attempt: t.int(), pid: t.int() }),
  maxDeliveries,
  limit: { concurrency: limits.narrow },
  run: async ({ number, takesMs }, { id, attempt, signal }) =>
    await recorded(id, { number, attempt, pid: process.pid }, () => delay(takesMs, undefined, { signal })),
});

export const shared = defineTask({
  name: 'shared',
  input: (t) => ({
    number: t.int({ required: true }),
    takesMs: t.int({ required: true }),
    group: t.int({ required: true }),
  }),
  output: (t) => ({ number: t.int(), attempt: t.int(), pid: t.int() }),
  maxDeliveries,
  limit: [
    { concurrency: limits.shared },
    { key: ({ group }) => `tenant ${group}`, concurrency: limits.tenant },
  ],
  run: async ({ number, takesMs }, { id, attempt, signal }) =>
    await recorded(id, { number, attempt, pid: process.pid }, () => delay(takesMs, undefined, { signal })),
});

export const paced = defineTask({
  name: 'paced',
  input: (t) => ({ number: t.int({ required: true }) }),
  output: (t) => ({ number: t.int(), attempt: t.int(), pid: t.int() }),
  maxDeliveries,
  limit: { rate: { count: pace.count, per: pace.perMs, burst: pace.burst } },
  run: async ({ number }, { id, attempt }) =>
    await recorded(id, { number, attempt, pid: process.pid }, async () => {}),
});

export const calm = defineTask({
  name: 'calm',
  input: (t) => ({ number: t.int({ required: true }), group: t.int({ required: true }) }),
  output: (t) => ({ number: t.int(), attempt: t.int(), pid: t.int() }),
  maxDeliveries,
  debounce: { key: ({ group }) => String(group), wait: '300ms', maxWait: '700ms' },
  run: async ({ number }, { id, attempt }) =>
    await recorded(id, { number, attempt, pid: process.pid }, async () => {}),
});

export const lone = defineTask({
  name: 'lone',
  input: (t) => ({ number: t.int({ required: true }), group: t.int({ required: true }) }),
  output: (t) => ({ number: t.int(), attempt: t.int(), pid: t.int() }),
  maxDeliveries,
  singleton: { key: ({ group }) => String(group) },
  run: async ({ number }, { id, attempt }) =>
    await recorded(id, { number, attempt, pid: process.pid }, async () => {}),
});

export const hourly = defineTask({
  name: 'hourly',
  output: (t) => ({ number: t.int(), attempt: t.int(), pid: t.int() }),
  maxDeliveries,
  schedule: { every: slotMs, missed: 'RUN_ALL' },
  run: async (_, { id, attempt }) =>
    await recorded(id, { number: -1, attempt, pid: process.pid }, async () => {}),
});

/** Writes the start and the end of a run where a SIGKILL of this process can't take it back: the kernel has it. */
async function recorded(id: string, words: Words, body: () => Promise<void>): Promise<Words> {
  record({ id, attempt: words.attempt, pid: words.pid, what: 'began' });
  try {
    await body();
    record({ id, attempt: words.attempt, pid: words.pid, what: 'returned' });
    return words;
  } catch (error) {
    record({ id, attempt: words.attempt, pid: words.pid, what: 'threw' });
    throw error;
  }
}

function record(entry: LedgerEntry): void {
  const folder = process.env['CHAOS_LEDGER'];
  // An API loads this file too, and runs none of it.
  if (folder !== undefined) appendFileSync(ledgerFile(folder, process.pid), `${JSON.stringify(entry)}\n`);
}
