import { setTimeout as delay } from 'node:timers/promises';
import { Redis as Client } from 'ioredis';
import { Redis } from '../../src/redis/connection.ts';
import { inputKey, queueRoot, statesChannel, taskKey } from '../../src/redis/keys.ts';
import { parseNews } from '../../src/tasks/replies.ts';
import { Store } from '../../src/tasks/store.ts';
import { isFinal, type Task, type TaskStatus } from '../../src/tasks/task.ts';
import { saysAnother } from './words.ts';

/** What was seen of one task, from the outside. */
export interface Sighting {
  status: TaskStatus;
  version: number;
  /** What the task ended with, as text, once it has. */
  end: string | undefined;
  /** True once Redis has come back with less than it had told. */
  undone: boolean;
  /** In which act it came. */
  readonly act: number;
}

/** What must never be seen; each entry says what was. */
export interface Offences {
  /** A second final state, or one that changed. */
  readonly ends: string[];
  /** A published version that wasn't newer than the one before. */
  readonly versions: string[];
  /** Progress, an output or a failure that an older attempt has written. */
  readonly stale: string[];
}

/**
 * Sees every state that Redis publishes on a queue, and what it holds after every start, through connections of its
 * own that nothing else uses.
 */
export class Observer implements AsyncDisposable {
  readonly #prefix: string;
  readonly #queue: string;
  readonly sightings: Map<string, Sighting> = new Map();
  offences: Offences = { ends: [], versions: [], stale: [] };
  #act = 0;
  /** Tasks whose record was there and is gone after a start of Redis. */
  readonly gone: Set<string> = new Set();
  /** When (ms, as `performance.now()`) a task last became final. */
  lastEndAt = 0;
  #states: Client | undefined;
  #reads: Redis | undefined;
  readonly #open: Set<string> = new Set();

  constructor(prefix: string, queue: string) {
    this.#prefix = prefix;
    this.#queue = queue;
  }

  /** Tasks that are there and not final. */
  get open(): ReadonlySet<string> {
    return this.#open;
  }

  /** From here on another act is played, which answers for itself. */
  turnPage(): void {
    this.#act += 1;
    this.offences = { ends: [], versions: [], stale: [] };
  }

  /** The tasks that came in this act. */
  seen(): string[] {
    return [...this.sightings].filter(([, { act }]) => act === this.#act).map(([id]) => id);
  }

  /** Listens to a Redis that has just started and compares what it holds with what was told; nobody else is in yet. */
  async look(socket: string): Promise<void> {
    this.#disconnect();
    const root = queueRoot(this.#prefix, this.#queue);
    this.#states = new Client({ path: socket, retryStrategy: () => null });
    this.#states.on('error', () => undefined);
    this.#states.on('message', (_channel: string, message: string) => this.#hear(message));
    await this.#states.subscribe(statesChannel(root));
    this.#reads = new Redis({ path: socket });
    this.#reads.on('error', () => undefined);
    const versions = await this.#versions(this.#reads, root);
    for (const [id, sighting] of this.sightings) {
      const version = versions.get(id);
      if (version !== undefined) continue;
      undo(sighting);
      this.#open.delete(id);
      this.gone.add(id);
    }
    const changed = [...versions].filter(([id, version]) => this.sightings.get(id)?.version !== version);
    for (const task of await this.records(changed.map(([id]) => id))) {
      const sighting = this.sightings.get(task.id);
      if (sighting !== undefined && task.version < sighting.version) undo(sighting);
      this.#see(task);
    }
  }

  /** The records of tasks, as far as there are any. */
  async records(ids: readonly string[]): Promise<Task[]> {
    if (this.#reads === undefined) throw new Error('the observer looks at Redis first');
    const tasks = await new Store(this.#reads, this.#prefix).getMany(ids);
    return tasks.filter((task) => task !== undefined);
  }

  /** The wire input of tasks, by id. */
  async inputs(ids: readonly string[]): Promise<Map<string, string>> {
    const reads = this.#reads;
    if (reads === undefined) throw new Error('the observer looks at Redis first');
    const root = queueRoot(this.#prefix, this.#queue);
    const inputs = await Promise.all(ids.map((id) => reads.get(inputKey(root, id))));
    return new Map(ids.map((id, index) => [id, inputs[index] ?? '']));
  }

  /** Keys that only a task that waits or runs has a use for; clocks get a moment to look at what a rate held up. */
  async leftovers(): Promise<string[]> {
    const reads = this.#reads;
    if (reads === undefined) throw new Error('the observer looks at Redis first');
    const start = `${queueRoot(this.#prefix, this.#queue)}:`;
    const kinds = [
      'blocked',
      'slots:',
      'waiters:',
      'ring:',
      'backlog:',
      'heads',
      'pending:',
      'resuming:',
      'parked:',
    ];
    const endsAt = performance.now() + 2_500;
    for (;;) {
      const keys = (await reads.keys(`${start}*`)).map((key) => key.slice(start.length));
      const left = keys.filter((key) => kinds.some((kind) => key.startsWith(kind)));
      if (left.length === 0 || performance.now() > endsAt) return left;
      await delay(50);
    }
  }

  /** Cuts the connections by which a process listens. */
  async cut(pid: number): Promise<void> {
    const clients = String(await this.#reads?.client('LIST', 'TYPE', 'PUBSUB'));
    for (const line of clients.split('\n')) {
      const id = /^id=(\d+)/.exec(line)?.[1];
      if (id !== undefined && line.includes(` name=taskwire-subscriber-${pid} `)) {
        await this.#reads?.client('KILL', 'ID', id);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disconnect();
  }

  #disconnect(): void {
    this.#states?.disconnect();
    this.#reads?.disconnect();
  }

  async #versions(redis: Redis, root: string): Promise<Map<string, number>> {
    const versions = new Map<string, number>();
    const start = taskKey(root, '');
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `${start}*`, 'COUNT', 1_000);
      const found = await Promise.all(keys.map((key) => redis.hget(key, 'version')));
      for (const [index, key] of keys.entries()) versions.set(key.slice(start.length), Number(found[index]));
      cursor = next;
    } while (cursor !== '0');
    return versions;
  }

  #hear(message: string): void {
    try {
      const news = parseNews(message);
      if ('task' in news) this.#see(news.task);
    } catch {
      this.offences.versions.push(`not to be read: ${message}`);
    }
  }

  #see(task: Task): void {
    const { id, status, version } = task;
    const before = this.sightings.get(id);
    this.gone.delete(id);
    if (before !== undefined && version <= before.version)
      this.offences.versions.push(`${id}: ${status} ${version} after ${before.status} ${before.version}`);
    const end = isFinal(status) ? endOf(task) : undefined;
    if (before?.end !== undefined)
      this.offences.ends.push(`${id}: ${end ?? status} (version ${version}) after ${before.end}`);
    const words = saysAnother(task);
    if (words !== undefined) this.offences.stale.push(`${id}: ${words}`);
    if (end === undefined) this.#open.add(id);
    else {
      this.#open.delete(id);
      // Those of a schedule go on and on.
      if (task.schedule === undefined) this.lastEndAt = performance.now();
    }
    const { undone = false, act = this.#act } = before ?? {};
    this.sightings.set(id, { status, version, end, undone, act });
  }
}

/** What comes after this is new, not a second time. */
function undo(sighting: Sighting): void {
  Object.assign(sighting, { version: 0, end: undefined, undone: true });
}

/** What a task ended with: all that a client sees of it. */
function endOf({ status, output, failure, attempt }: Task): string {
  return JSON.stringify({ status, attempt, output, failure });
}
