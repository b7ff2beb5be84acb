import { showCount, showTime } from '../../quantity.ts';
import type { QueueState, WorkerState } from '../inspect.ts';
import { type Finding, finding } from './finding.ts';

/** Workers with a lease. */
export function liveWorkers({ now, workers }: QueueState): readonly WorkerState[] {
  return workers.filter(({ leaseEnd }) => leaseEnd > now);
}

/** Workers that went away without a word: told from the end of their lease until their tasks are taken back. */
export function leaseFindings({ now, workers }: QueueState): Finding[] {
  const gone = workers.filter(({ leaseEnd }) => leaseEnd <= now).toSorted((a, b) => a.leaseEnd - b.leaseEnd);
  const [first] = gone;
  if (first === undefined) return [];
  const { id, host, leaseEnd } = first;
  const which = gone.length === 1 ? `${id} (${host})` : `${id} (${host}) first`;
  const found = `the lease of ${showCount(gone.length, 'worker')} ran out, ${which}, ${showTime(now - leaseEnd)} ago`;
  const todo =
    'Its process died, froze or lost the store. Its tasks are taken back and tried again by others.';
  return [finding('leases', 'warn', found, todo)];
}
