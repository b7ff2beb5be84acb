import { defineTask } from '../../src/index.ts';

/** Runs until its signal fires, one of them at a time across all workers. */
export const narrow = defineTask({
  name: 'narrow',
  limit: { concurrency: 1 },
  async run(_input, { signal, progress }) {
    await progress({ message: 'started' });
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  },
});
