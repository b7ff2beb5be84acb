import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url));

/** The longest that a process may take until it serves, however busy the machine is. */
const startMs = 90_000;

/** A line of a process' log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  /** What a search found amiss, by its kind. */
  readonly mended?: Readonly<Record<string, number>>;
  /** All of it, as it was written. */
  readonly text: string;
}

/** The place of one process of `taskwire`: whenever that ends, the next one starts, as under systemd. */
export class Post implements AsyncDisposable {
  readonly name: string;
  readonly #args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #onLine: (line: LogLine) => void;
  /** Ends that nobody asked for, with what the process said last. */
  readonly crashes: string[] = [];
  #child: ChildProcess;
  #ready: Promise<void>;
  /** What the process that is there now was told to end by. */
  #asked: Set<NodeJS.Signals | null> = new Set();
  #closing = false;
  #turn: Promise<void> = Promise.resolve();
  #supervision: Promise<void>;

  /** Starts at once. */
  constructor(
    name: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    onLine: (line: LogLine) => void,
  ) {
    this.name = name;
    this.#args = args;
    this.#env = env;
    this.#onLine = onLine;
    [this.#child, this.#ready] = this.#start();
    this.#supervision = this.#supervise();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves once the process that is there now, or its successor, serves; throws where none does in time. */
  async ready(): Promise<void> {
    const late = AbortSignal.timeout(startMs);
    const isLate = once(late, 'abort');
    for (;;) {
      const child = this.#child;
      await Promise.race([this.#ready, isLate]);
      if (late.aborted) throw new Error(`${this.name} does not serve: ${this.crashes.join('; ')}`);
      if (child === this.#child && child.exitCode === null && child.signalCode === null) return;
      // Its successor starts in a moment.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#asked.add(signal);
    this.#child.kill(signal);
  }

  /** Ends the process that serves, and waits until it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    await this.#inTurn(async () => {
      const child = this.#child;
      this.signal(signal);
      await ended(child);
    });
  }

  /** Stops the process that serves for a while. */
  async freeze(forMs: number): Promise<void> {
    await this.#inTurn(async () => {
      const child = this.#child;
      child.kill('SIGSTOP');
      await delay(forMs);
      child.kill('SIGCONT');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.signal('SIGKILL');
    await this.#supervision;
  }

  /** One after the other, each with a process that serves: to kill one that is just starting shows little. */
  async #inTurn(fault: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(() => this.ready()).then(fault);
    // The next one isn't spared by what becomes of this one.
    this.#turn = done.catch(() => undefined);
    await done;
  }

  async #supervise(): Promise<void> {
    for (;;) {
      // What `exit` tells.
      const [code, signal] = (await ended(this.#child)) as [number | null, NodeJS.Signals | null];
      if (this.#closing) return;
      const isAsked = this.#asked.has(signal) || (this.#asked.has('SIGTERM') && code === 0);
      if (!isAsked) this.crashes.push(`${this.name} ended by itself: code ${code}, signal ${signal}`);
      this.#asked = new Set();
      [this.#child, this.#ready] = this.#start();
    }
  }

  #start(): [ChildProcess, Promise<void>] {
    const child = spawn(process.execPath, [bin, ...this.#args], {
      env: this.#env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ready = Promise.withResolvers<void>();
    child.once('exit', () => ready.resolve());
    createInterface(child.stderr).on('line', (text) => {
      const line = parse(text);
      if (/^(?:the worker takes tasks|the API listens)$/.test(line.msg)) ready.resolve();
      this.#onLine(line);
    });
    return [child, ready.promise];
  }
}

async function ended(child: ChildProcess): Promise<unknown[]> {
  if (child.exitCode !== null || child.signalCode !== null) return [child.exitCode, child.signalCode];
  return await once(child, 'exit');
}

/** What isn't a line of the log is something worse: Node's own words about a crash. */
function parse(text: string): LogLine {
  try {
    // As pino writes it.
    return { ...(JSON.parse(text) as LogLine), text };
  } catch {
    return { level: 60, msg: text, text };
  }
}
