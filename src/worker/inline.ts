import { inlineQueue } from '../definition/inline.ts';
import { defaultStopGraceMs, Worker, type WorkerOptions } from './worker.ts';

/** How an API process runs the tasks of the queue `inline`. */
export interface InlineOptions {
  /** How many of them it runs at once, from 1 to 1,000. @default 10 */
  readonly concurrency?: number;
  /** How long they may go on when the API closes, in ms; the rest is given back. @default 30000 */
  readonly graceMs?: number;
}

/** The part of an API process that runs the tasks of the queue `inline`. */
export interface Inline {
  /** As `Worker.stop`. @default graceMs: that of the options */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Takes the tasks of the queue `inline` in this process. It doesn't wait for Redis, and the process goes on whatever
 * becomes of its slots.
 *
 * @throws ConfigurationError where a setting or definition can't be used
 */
export function startInline({
  graceMs = defaultStopGraceMs,
  ...options
}: Omit<WorkerOptions, 'queues'> & InlineOptions): Inline {
  const { logger } = options;
  const worker = new Worker({ ...options, queues: [inlineQueue] });
  let isStopping = false;
  worker.start().catch((error: unknown) => {
    if (!isStopping) logger.error({ err: error }, 'the API takes no tasks of the queue inline');
  });
  void worker.stuck.then(() => {
    // A worker's process would end; this one has clients.
    logger.error(
      'the API goes on without taking tasks of the queue inline, until a run that ignores its signal ends or the process is started anew',
    );
  });
  return {
    async stop(given = graceMs) {
      isStopping = true;
      // A store that is away is waited for as long as something has an outcome to tell, not longer.
      await worker.stop(worker.busy === 0 ? 0 : given);
    },
  };
}
