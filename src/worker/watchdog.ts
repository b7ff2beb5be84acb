import { writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { isatty } from 'node:tty';
import { parentPort, workerData } from 'node:worker_threads';
import { lookAtMainThread } from './main-thread-look.ts';

/** What the watchdog is given. */
export interface WatchdogData {
  /** [0] counts the main thread's beats, [1] is 1 where it mustn't be looked at. */
  readonly heart: Int32Array;
  readonly beatMs: number;
  readonly thresholdMs: number;
  readonly log: {
    readonly bindings: Readonly<Record<string, unknown>>;
    /** Where its JSON lines go; undefined where they aren't plain JSON to a file. */
    readonly fd: number | undefined;
  };
}

/** One time that the event loop stood still, with what is known of why. */
export interface Block {
  readonly blockedMs: number;
  readonly id?: string;
  readonly task?: string;
  /** The innermost calls, where they could be seen. */
  readonly at?: readonly string[];
}

/** A block that can't be looked at yet, as native code runs, is told without its task after this time. */
const nativeMs = 1_000;

// `BlockedLoop` is who starts this.
const { heart, beatMs, thresholdMs, log } = workerData as WatchdogData;
let beats = Atomics.load(heart, 0);
let lastBeat = performance.now();
let lastCheck = lastBeat;
let block: Blocked | undefined;

setInterval(() => {
  const now = performance.now();
  // Where this thread stood still too, the whole process did: asleep, stopped or starved of CPU.
  if (now - lastCheck > 10 * beatMs) lastBeat += now - lastCheck;
  lastCheck = now;
  if (Atomics.load(heart, 0) !== beats) {
    block?.end();
    block = undefined;
    beats = Atomics.load(heart, 0);
    lastBeat = now;
  } else if (!block && now - lastBeat > thresholdMs) {
    block = new Blocked();
  }
}, beatMs);

/** A block from when it is noticed to its end. */
class Blocked {
  readonly #since = lastBeat;
  readonly #over = new AbortController();
  #known: Omit<Block, 'blockedMs'> = {};

  constructor() {
    if (Atomics.load(heart, 1) === 0) void this.#look();
    else {
      this.#write(
        "the event loop is blocked or paused; its task can't be seen in a process that is debugged or restricted",
      );
    }
  }

  /** Tells the main thread, which can log again. */
  end(): void {
    this.#over.abort();
    parentPort?.postMessage({ ...this.#known, blockedMs: this.#blockedMs() } satisfies Block, []);
  }

  async #look(): Promise<void> {
    const native = setTimeout(
      () =>
        this.#write(
          'the event loop is blocked, it seems by native code: its task is known when that returns',
        ),
      nativeMs,
    );
    const seen = beats;
    try {
      const isStill = () => Atomics.load(heart, 0) === seen;
      await lookAtMainThread(this.#over.signal, isStill, ({ attempt, at }) => {
        this.#known = { ...attempt, at };
        this.#write(
          attempt
            ? 'a run blocks the event loop: leases and other tasks wait for it; give its definition thread: true'
            : 'the event loop is blocked: leases and tasks wait for it',
        );
      });
    } catch (error) {
      this.#write(`the event loop is blocked, and why could not be seen (${String(error)})`);
    } finally {
      clearTimeout(native);
    }
  }

  #blockedMs(): number {
    return Math.round(performance.now() - this.#since);
  }

  #write(msg: string): void {
    write({ blockedMs: this.#blockedMs(), ...this.#known }, msg);
  }
}

/** Writes a line as the logger would, which only the main thread has. */
function write(block: Block, msg: string): void {
  if (log.fd === undefined && isatty(2)) {
    const place = block.at?.[0] === undefined ? '' : ` at ${block.at[0]}`;
    return writeText(2, `WARN: ${msg} (${block.task ?? 'task unknown'} ${block.id ?? ''}${place})\n`);
  }
  const usual = { level: 40, time: Date.now(), pid: process.pid, hostname: hostname() };
  writeText(log.fd ?? 2, `${JSON.stringify({ ...usual, ...log.bindings, ...block, msg })}\n`);
}

function writeText(fd: number, text: string): void {
  try {
    writeSync(fd, text);
  } catch {
    // A full pipe whose reader waits for the blocked loop: the logger tells it when the loop turns again.
  }
}
