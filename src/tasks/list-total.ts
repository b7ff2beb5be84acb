import type { Logger } from '../logger.ts';
import type { TaskCount } from './list.ts';
import { isSameCount } from './list-snapshot.ts';

/** A list is counted at most this often, in ms … */
const pauseMs = 500;

/** … and its counts take at most one part in so many of the time. */
const share = 20;

/** How many tasks a watched list holds: counted anew when something of it may have changed, and never otherwise. */
export class ListTotal {
  readonly #read: () => Promise<TaskCount>;
  readonly #tell: () => void;
  readonly #logger: Logger;
  #value: TaskCount | undefined;
  /** The latest count that was begun, and the latest whose answer was taken. */
  #begun = 0;
  #taken = 0;
  #isOld = false;
  #notBefore = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** `tell` hears when the number has become another one. */
  constructor(read: () => Promise<TaskCount>, tell: () => void, logger: Logger) {
    this.#read = read;
    this.#tell = tell;
    this.#logger = logger;
  }

  /** As it was counted last; undefined before the first time. */
  get value(): TaskCount | undefined {
    return this.#value;
  }

  /** Counts now. What changes meanwhile has it counted again. */
  async count(): Promise<void> {
    this.#begun += 1;
    const turn = this.#begun;
    const began = performance.now();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isOld = false;
    this.#notBefore = began + pauseMs;
    try {
      const value = await this.#read();
      // One that was begun later has answered sooner.
      if (turn < this.#taken) return;
      this.#taken = turn;
      const isSame = isSameCount(this.#value, value);
      this.#value = value;
      if (!isSame) this.#tell();
    } catch (error) {
      this.#isOld = true;
      throw error;
    } finally {
      const tookMs = performance.now() - began;
      this.#notBefore = Math.max(this.#notBefore, began + share * tookMs);
      if (this.#isOld) this.#arm();
    }
  }

  /** Something has happened that may have changed it. */
  changed(): void {
    this.#isOld = true;
    this.#arm();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#isClosed) return;
    const waitMs = Math.max(0, this.#notBefore - performance.now());
    this.#timer ??= setTimeout(() => void this.#countLater(), waitMs);
  }

  async #countLater(): Promise<void> {
    this.#timer = undefined;
    try {
      await this.count();
    } catch (error) {
      this.#logger.debug({ err: error }, 'a watched list could not be counted, trying again');
    }
  }
}
