import { url as inspectorUrl } from 'node:inspector';
import { extname } from 'node:path';
import { isMainThread, Worker } from 'node:worker_threads';
import { symbols } from 'pino';
import type { Logger } from '../logger.ts';
// Makes it known to the watchdog.
import './running-attempt.ts';
import type { Block, WatchdogData } from './watchdog.ts';

export interface BlockedLoopOptions {
  readonly logger: Logger;
  /** How long the event loop may stand still, in ms. */
  readonly thresholdMs: number;
}

/**
 * Sees when the event loop is blocked, and by which task.
 *
 * A thread watches the main one's heartbeat. While the loop stands still it writes a line to the log's file, or to
 * stderr, as nothing else in the process can; when the loop turns again, the logger gets the whole length.
 */
export class BlockedLoop implements AsyncDisposable {
  readonly #logger: Logger;
  readonly #watchdog: Worker | undefined;
  readonly #beating: NodeJS.Timeout | undefined;

  constructor({ logger, thresholdMs }: BlockedLoopOptions) {
    this.#logger = logger;
    // All that it does is to log.
    if (!logger.isLevelEnabled('warn')) return;
    // As `WatchdogData` says.
    const heart = new Int32Array(new SharedArrayBuffer(8));
    const beat = (): void => {
      Atomics.store(heart, 1, canBeLookedAt() ? 0 : 1);
      Atomics.add(heart, 0, 1);
    };
    beat();
    const beatMs = Math.max(10, thresholdMs / 5);
    this.#beating = setInterval(beat, beatMs).unref();
    this.#watchdog = this.#start({ heart, thresholdMs, beatMs, log: logOf(logger) });
  }

  async close(): Promise<void> {
    clearInterval(this.#beating);
    await this.#watchdog?.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #start(workerData: WatchdogData): Worker | undefined {
    // `watchdog.ts` beside the sources, `watchdog.js` in dist: whichever is running.
    const file = new URL(`./watchdog${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
    try {
      // No options of the process: what is preloaded there has no use for a watchdog.
      const watchdog = new Worker(file, { workerData, execArgv: [], name: 'taskwire-watchdog' });
      watchdog.on('message', (block: Block) => this.#tell(block));
      watchdog.on('error', (error) => this.#logger.debug({ err: error }, 'nothing watches the event loop'));
      watchdog.unref();
      return watchdog;
    } catch (error) {
      // As under --permission without --allow-worker; a worker works without it.
      this.#logger.debug({ err: error }, 'nothing watches the event loop');
      return undefined;
    }
  }

  #tell(block: Block): void {
    if (block.id === undefined) this.#logger.warn(block, 'the event loop was blocked and turns again');
    else this.#logger.warn(block, 'a run has blocked the event loop, which turns again');
  }
}

/** Who debugs may have stopped the loop: a pause and a resume of ours would be in the way. */
function canBeLookedAt(): boolean {
  // Typed as always there, but undefined without --permission; with it, Node aborts where --allow-inspector is missing.
  const permission: typeof process.permission | undefined = process.permission;
  return isMainThread && inspectorUrl() === undefined && (permission?.has('inspector') ?? true);
}

/** Where the watchdog can write lines that look like the logger's. */
function logOf(logger: Logger): WatchdogData['log'] {
  const stream: unknown = Reflect.get(logger, symbols.streamSym);
  const fd: unknown = typeof stream === 'object' && stream !== null && 'fd' in stream ? stream.fd : undefined;
  return {
    bindings: logger.bindings(),
    fd: typeof fd === 'number' ? fd : undefined,
  };
}
