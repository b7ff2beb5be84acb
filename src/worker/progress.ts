import type { ProgressUpdate } from '../definition/context.ts';
import type { TaskProgress } from '../tasks/task.ts';
import { detailBytes } from './failure.ts';

/** At most one write in this time: about 20 a second. */
const writeIntervalMs = 50;

/** Writes an attempt's progress: the newest wins, writes are spaced, the last one always gets through. */
export class ProgressWriter {
  readonly #write: (progress: TaskProgress) => Promise<void>;
  #told: TaskProgress = {};
  #waiting: TaskProgress | undefined;
  #writing: Promise<void> | undefined;
  #skipPause: (() => void) | undefined;
  #flushing = false;

  constructor(write: (progress: TaskProgress) => Promise<void>) {
    this.#write = write;
  }

  /** Takes an update. @throws TypeError where it isn't one */
  update(update: number | ProgressUpdate): void {
    this.#told = forwards(this.#told, normalize(update));
    this.#waiting = this.#told;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when the last update is written; to be called before the outcome. */
  async flush(): Promise<void> {
    this.#flushing = true;
    this.#skipPause?.();
    await this.#writing;
    // What came when the loop had just looked for the last time.
    await this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting !== undefined) {
      const progress = this.#waiting;
      this.#waiting = undefined;
      await this.#write(progress);
      if (!this.#flushing) await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, writeIntervalMs);
    this.#skipPause = resolve;
    await promise;
    clearTimeout(timer);
  }
}

/** Checks an update and fills in its fraction. @throws TypeError where it isn't one */
export function normalize(update: number | ProgressUpdate): TaskProgress {
  const { fraction, current, total, message, data } =
    typeof update === 'number' ? { fraction: update } : update;
  for (const [name, value] of Object.entries({ fraction, current, total })) {
    if (value !== undefined && (!Number.isFinite(value) || value < 0)) {
      throw new TypeError(`progress: ${name} must be a number of at least 0, got ${String(value)}`);
    }
  }
  if (fraction === undefined && current === undefined && message === undefined && data === undefined) {
    throw new TypeError(
      'progress: expected a number from 0 to 1, or { fraction }, { current, total }, { message } or { data }',
    );
  }
  const bytes = data === undefined ? 0 : Buffer.byteLength(JSON.stringify(data) ?? '');
  if (bytes > detailBytes) {
    throw new TypeError(`progress: data may have ${detailBytes} bytes as JSON, got ${bytes}`);
  }
  const share = fraction ?? (current !== undefined && total ? current / total : undefined);
  return {
    ...(share === undefined ? {} : { fraction: Math.min(share, 1) }),
    ...(current === undefined ? {} : { current }),
    ...(total === undefined ? {} : { total }),
    ...(message === undefined ? {} : { message: message.slice(0, 1_000) }),
    ...(data === undefined ? {} : { data }),
  };
}

/** Within an attempt progress never goes back; what an update doesn't tell of numbers stays. */
export function forwards(told: TaskProgress, next: TaskProgress): TaskProgress {
  const fraction = later(told.fraction, next.fraction);
  const current = later(told.current, next.current);
  const total = next.total ?? told.total;
  return {
    ...next,
    ...(fraction === undefined ? {} : { fraction }),
    ...(current === undefined ? {} : { current }),
    ...(total === undefined ? {} : { total }),
  };
}

function later(told: number | undefined, next: number | undefined): number | undefined {
  if (told === undefined || next === undefined) return next ?? told;
  return Math.max(told, next);
}
