import type { EnqueuedBatch, Tasks } from '../../../src/index.ts';
import { untilAnswered } from './patience.ts';
import { resizeImage, sendReceipt, syncCustomer } from './tasks.ts';

/** The most tasks that one call enqueues. */
const mostOfBatch = 1000;

/** Who the tasks belong to, in turns: so many that each has tasks of all kinds. */
export const owners: readonly string[] = Array.from({ length: 53 }, (_, index) => `shop-${index}`);

/** How many calls are under way: enough that the store always has one. */
const atOnce = 4;

/**
 * Enqueues so many tasks by batches, as any backend does: of ten batches six wait, three are for a later day, one runs. Resolves
 * when what runs has ended. There are some more where the store was too slow to say what it had written of a batch.
 */
export async function fill(tasks: Tasks, count: number): Promise<void> {
  // Also of few tasks there are all kinds.
  const size = Math.min(mostOfBatch, Math.ceil(count / 100));
  const batches = Math.ceil(count / size);
  const running: string[] = [];
  let next = 0;
  const hand = async (): Promise<void> => {
    while (next < batches) {
      const turn = next;
      next += 1;
      const { batch } = await untilAnswered(() => enqueue(tasks, turn, Math.min(size, count - turn * size)));
      if (batch.name === sendReceipt.name) running.push(batch.id);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, hand));
  for (const id of running) {
    await untilAnswered(async () => {
      for await (const _ of tasks.watchBatch(id));
    });
  }
}

async function enqueue(tasks: Tasks, turn: number, size: number): Promise<EnqueuedBatch> {
  const numbers = Array.from({ length: size }, (_, index) => turn * mostOfBatch + index);
  const options = {
    owner: owners[turn % owners.length] ?? '',
    tags: ['shop', `day-${turn % 29}`, ...(turn % 11 === 7 ? ['sale'] : [])],
  };
  if (turn % 10 === 9) {
    return await tasks.enqueueBatch(
      sendReceipt,
      numbers.map((order) => ({ order })),
      options,
    );
  }
  if (turn % 10 < 6) {
    const inputs = numbers.map((n) => ({ url: `https://shop.example.com/products/${n}.jpg`, width: 400 }));
    return await tasks.enqueueBatch(resizeImage, inputs, options);
  }
  const inputs = numbers.map((n) => ({ customer: `customer-${n}` }));
  return await tasks.enqueueBatch(syncCustomer, inputs, { ...options, delayMs: 30 * 86_400_000 });
}
