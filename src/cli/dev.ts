import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../config.ts';
import { startEmbedded } from '../redis/embedded.ts';
import { TaskFiles } from './dev-files.ts';
import { type Part, type Role, roles, startPart } from './dev-part.ts';
import { welcome } from './dev-welcome.ts';
import { usualFolder } from './task-paths.ts';
import { CommandError, exitCodes, listProblems } from './exit.ts';
import { untilAsked, untilNpmIsGone } from './signals.ts';

/**
 * `taskwire dev`: API, worker and store, each in a process. A change of a task file starts API and worker anew
 * as soon as the new files load; until then the old ones go on. The store stays.
 */
export async function dev(settings: Settings<'dev'>): Promise<number> {
  const supervisor = new Supervisor(settings);
  const asked = Promise.race([untilAsked(() => supervisor.kill()), untilNpmIsGone()]);
  try {
    return await Promise.race([supervisor.run(), asked.then(() => exitCodes.ok)]);
  } finally {
    await supervisor.close();
  }
}

/** What the parts need of the store, embedded or not. */
interface Store {
  readonly url: string;
  /** Resolves if it ends by itself. */
  readonly exited: Promise<void>;
  close(): Promise<void>;
}

/** A part that ends by itself is started again, ever more slowly when it does so again and again. */
const backoffMs = { first: 200, most: 5_000, steadyAfter: 10_000 };

class Supervisor {
  readonly #settings: Settings<'dev'>;
  readonly #files: TaskFiles;
  readonly #store: Promise<Store>;
  readonly #closing = new AbortController();
  /** Every process that is there, also those that still load or already end. */
  readonly #parts = new Set<Part>();
  readonly #running = new Map<Role, Part>();
  /** Resolves, by role, when the part that ran last has ended by itself and may start again. */
  readonly #crashed = new Map<Role, Promise<readonly Role[]>>();
  readonly #crashes = new Map<Role, number>();
  #storeIsLost = false;
  /** Known once the API has listened; it keeps its port from then on. */
  #port: number | undefined;

  constructor(settings: Settings<'dev'>) {
    this.#settings = settings;
    this.#files = new TaskFiles(settings.tasks ?? [usualFolder]);
    this.#store = this.#openStore();
    // Whoever awaits it hears of a failure; it isn't awaited before the parts have loaded.
    this.#store.catch(() => {});
  }

  /** Goes on until the first start fails or the embedded store ends by itself: both reject. */
  async run(): Promise<never> {
    return await Promise.race([this.#supervise(), this.#storeLost()]);
  }

  /** Ends the parts, which give back what they run, then the store, which keeps it. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#files[Symbol.dispose]();
    await Promise.all([...this.#parts].map((part) => part.stop(this.#settings.grace)));
    const store = await this.#store.catch(() => undefined);
    if (!this.#storeIsLost) await store?.close();
  }

  /** Ends the parts at once. The store sees us go, and keeps what it holds. */
  kill(): void {
    for (const part of this.#parts) part.kill();
  }

  async #supervise(): Promise<never> {
    let next: readonly Role[] = roles;
    for (;;) {
      // A part that starts again alone must not hide a change from the other one.
      if (next === roles) this.#files.begin();
      await this.#replace(next);
      const changed = this.#files.changed.then(() => roles);
      next = await Promise.race([changed, ...this.#crashed.values()]);
      if (next !== roles) for (const role of next) this.#crashed.delete(role);
    }
  }

  /** Starts these parts; they take the place of the old ones only if all of them could load. */
  async #replace(which: readonly Role[]): Promise<void> {
    const startedAt = performance.now();
    const fresh = which.map((role) => this.#start(role));
    const loads = await Promise.race([Promise.all(fresh.map((part) => part.loaded)), this.#files.changed]);
    if (loads === undefined) {
      // Changed again while it loaded, or hung: the next turn reads it anew.
      for (const part of fresh) part.kill();
      return;
    }
    this.#closing.signal.throwIfAborted();
    this.#files.add(loads.flatMap(({ files }) => files));
    const refused = loads.find((load) => load.type === 'refused');
    if (refused !== undefined) {
      await Promise.all(fresh.map((part) => part.stop(0)));
      const goesOn =
        this.#running.size > 0 ? 'What ran before goes on until then.' : 'Nothing runs until then.';
      process.stderr.write(`${listProblems(refused.problems)}Waiting for a change of the files. ${goesOn}\n`);
      return;
    }
    await Promise.all(which.map((role) => this.#retire(role)));
    const store = await this.#store;
    this.#closing.signal.throwIfAborted();
    for (const part of fresh) {
      this.#running.set(part.role, part);
      this.#crashed.set(part.role, this.#hasCrashed(part));
    }
    const isFirst = this.#port === undefined;
    const starts = fresh.map((part) => part.go(store.url, this.#port ?? this.#settings.port));
    // A worker waits for Redis where that is away, and the API says so to its clients: only the API is awaited.
    const start = await starts[fresh.findIndex(({ role }) => role === 'api')];
    this.#closing.signal.throwIfAborted();
    if (start?.type === 'failed' && isFirst) throw new CommandError(start.reason);
    // A later failure is seen as a crash, and tried again.
    if (start?.url === undefined) return;
    this.#port = start.port;
    const names = new Set(loads.flatMap((load) => (load.type === 'loaded' ? load.names : [])));
    if (isFirst)
      process.stdout.write(welcome({ url: start.url, names, storeUrl: store.url, settings: this.#settings }));
    else process.stdout.write(`API and worker run anew (${Math.round(performance.now() - startedAt)} ms).\n`);
  }

  /** Ends a part whose place another takes: its tasks are given back at once, and begin again in the new one. */
  async #retire(role: Role): Promise<void> {
    const running = this.#running.get(role);
    this.#running.delete(role);
    await running?.stop(0);
  }

  #start(role: Role): Part {
    this.#closing.signal.throwIfAborted();
    const { redisUrl: _, jwtSecret, ...settings } = this.#settings;
    const part = startPart(role, settings, jwtSecret);
    this.#parts.add(part);
    void part.exited.then(() => this.#parts.delete(part));
    return part;
  }

  /** Resolves with the part's role when it has ended by itself and may start again; never if it was ended. */
  async #hasCrashed(part: Part): Promise<readonly Role[]> {
    const startedAt = performance.now();
    const reason = await part.exited;
    if (this.#running.get(part.role) !== part || this.#closing.signal.aborted) return await never();
    this.#running.delete(part.role);
    const steady = performance.now() - startedAt > backoffMs.steadyAfter;
    const times = steady ? 1 : (this.#crashes.get(part.role) ?? 0) + 1;
    this.#crashes.set(part.role, times);
    const waitMs = Math.min(backoffMs.first * 2 ** (times - 1), backoffMs.most);
    say(`the ${part.role} process ended by itself (${reason}); it starts again in ${waitMs} ms`);
    await delay(waitMs);
    return [part.role];
  }

  async #openStore(): Promise<Store> {
    const { redisUrl, dataDir } = this.#settings;
    if (redisUrl !== undefined) return { url: redisUrl, exited: never(), close: async () => {} };
    return await startEmbedded({ directory: dataDir, onWarning: say });
  }

  async #storeLost(): Promise<never> {
    await (
      await this.#store
    ).exited;
    if (this.#closing.signal.aborted) return await never();
    this.#storeIsLost = true;
    throw new CommandError(
      'Without its store nothing works any more, and what it held since its start is lost. Start again.',
    );
  }
}

/** For what only matters if it doesn't come to that. */
function never(): Promise<never> {
  return new Promise(() => {});
}

function say(message: string): void {
  process.stderr.write(`taskwire: ${message}\n`);
}
