import { attemptsFinished, attemptsStarted, tasksFinished, taskWait } from '../metrics.ts';
import type { Finished } from '../tasks/deliveries.ts';
import type { Outcome } from '../tasks/delivery.ts';
import { isFinal, type Task } from '../tasks/task.ts';

/** What alerts look at is told from the start. */
export function beginCounts(name: string): void {
  attemptsStarted.begin(name);
  for (const ended of ['SUCCEEDED', 'FAILED']) {
    attemptsFinished.begin(name, ended);
    tasksFinished.begin(name, ended);
  }
}

/** An attempt begins. */
export function noteStart({ name, attempt, attempts, createdAt, runAt = 0 }: Task): void {
  attemptsStarted.add(name);
  const startedAt = attempts.at(-1)?.startedAt;
  if (attempt !== 1 || startedAt === undefined) return;
  taskWait.observe(name, Math.max(0, startedAt - Math.max(createdAt, runAt)) / 1_000);
}

/** An attempt has ended: as `finished`, if the store has taken its outcome. */
export function noteEnd(name: string, { outcome }: Outcome, finished: Finished | undefined): void {
  if (finished?.counted !== true) return attemptsFinished.add(name, 'STALE');
  const { status } = finished;
  // What the worker calls given back, the store calls canceled where that was asked for.
  attemptsFinished.add(name, status === 'CANCELED' ? status : outcome);
  if (status !== undefined && isFinal(status)) tasksFinished.add(name, status);
}
