import { tasksFinished } from '../metrics.ts';
import { chunks } from './replies.ts';
import { takeEnds } from './scripts/ends.ts';
import type { Store } from './store.ts';

/**
 * Counts in this process what ended in a queue without a worker's word: by a cancel, a purge, the clock, or to make room.
 * Whichever process asks first counts an end, and no other one does.
 */
export async function countEnds(store: Store, queue: string): Promise<void> {
  const ends = (await store.run(takeEnds, queue, [])) as string[];
  for (const [what = '', many] of chunks(ends, 2)) {
    const [name = '', status = ''] = what.split(':');
    tasksFinished.addMany(Number(many), name, status);
  }
}
