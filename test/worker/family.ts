import { ChildFailedError, defineTask } from '../../src/index.ts';
import { poison } from './poison.ts';

/** Waits for a child of another queue. */
export const family = defineTask({
  name: 'family',
  output: (t) => ({ id: t.string(), attempt: t.int() }),
  async run(_input, { enqueue, attempt }) {
    const child = await enqueue(elsewhere, {});
    await child.result();
    return { id: child.id, attempt };
  },
});

export const elsewhere = defineTask({ name: 'elsewhere', queue: 'elsewhere', run() {} });

/** Has a child that kills its worker. */
export const orphanage = defineTask({
  name: 'orphanage',
  output: (t) => ({ code: t.string() }),
  async run(_input, { enqueue }) {
    try {
      const child = await enqueue(poison, { neighbours: 0 });
      await child.result();
      return { code: 'none' };
    } catch (error) {
      if (!(error instanceof ChildFailedError)) throw error;
      return { code: error.failure?.code ?? '' };
    }
  },
});
