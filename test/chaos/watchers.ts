import type { Client } from 'graphql-ws';
import { setTimeout as delay } from 'node:timers/promises';
import { isFinal, type TaskStatus } from '../../src/tasks/task.ts';
import type { Apis } from './api.ts';

/** A state as a watcher gets it. */
interface Seen {
  readonly status: TaskStatus;
  readonly version: number;
}

/** A WebSocket, and how often it has been connected. */
interface Socket {
  readonly client: Client;
  connections: number;
}

/** What one client saw of its task. */
export interface Watcher {
  readonly id: string;
  last: Seen | undefined;
  /** States in all. */
  states: number;
  /** Newer states that were older, and older ones that came again. */
  readonly offences: string[];
  /** True once it was told that there is no such task any more. */
  lost: boolean;
}

const query = 'subscription ($id: ID!) { taskUpdated(id: $id) { status version } }';

/** How long a client waits until it subscribes again. */
const againMs = 500;

/** Clients who follow one task each over a few shared WebSockets, and subscribe again when one breaks. */
export class Watchers implements AsyncDisposable {
  readonly all: Watcher[] = [];
  /** Errors that nobody expects; empty in a good run. */
  readonly oddities: string[] = [];
  readonly #sockets: readonly Socket[];
  readonly #running: Set<Promise<void>> = new Set();
  readonly #closing = new AbortController();

  constructor(apis: Apis, count: number) {
    this.#sockets = Array.from({ length: count }, () => {
      const socket = { client: apis.socket(), connections: 0 };
      socket.client.on('connected', () => (socket.connections += 1));
      return socket;
    });
  }

  /** How often a WebSocket was connected, beyond the first time. */
  get reconnects(): number {
    return this.#sockets.reduce((sum, { connections }) => sum + Math.max(0, connections - 1), 0);
  }

  /** Watchers that still wait for a final state. */
  get open(): number {
    return this.#running.size;
  }

  /** Follows a task to its end, from some time on. */
  add(id: string, afterMs: number): void {
    const socket = this.#sockets[this.all.length % this.#sockets.length];
    if (socket === undefined) throw new Error('there is at least one socket');
    const watcher: Watcher = { id, last: undefined, states: 0, offences: [], lost: false };
    this.all.push(watcher);
    const running = this.#follow(watcher, socket, afterMs).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when all have seen the end, or the time is over. */
  async ended(withinMs: number): Promise<void> {
    const late = new AbortController();
    await Promise.race([
      Promise.all(this.#running),
      delay(withinMs, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const { client } of this.#sockets) await client.dispose();
    await Promise.all(this.#running);
  }

  async #follow(watcher: Watcher, socket: Socket, afterMs: number): Promise<void> {
    if (afterMs > 0) await delay(afterMs);
    while (!hasEnded(watcher) && !this.#closing.signal.aborted) {
      await this.#subscribe(watcher, socket);
      if (!hasEnded(watcher)) await delay(againMs * (0.5 + Math.random()));
    }
  }

  /** One subscription, which outlives broken connections; resolves when it ends, with or without an error. */
  async #subscribe(watcher: Watcher, socket: Socket): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // The first state of a subscription may be one that is known; those after it may not.
    let connection: number | undefined;
    const { id } = watcher;
    socket.client.subscribe<{ taskUpdated: Seen }>(
      { query, variables: { id } },
      {
        next: ({ data, errors }) => {
          if (errors !== undefined) this.#hear(watcher, errors);
          const isFirst = connection !== socket.connections;
          connection = socket.connections;
          if (data?.taskUpdated !== undefined) see(watcher, data.taskUpdated, isFirst);
        },
        error: (error) => {
          this.#hear(watcher, error);
          resolve();
        },
        complete: resolve,
      },
    );
    await promise;
  }

  #hear(watcher: Watcher, error: unknown): void {
    const text = JSON.stringify(error) ?? String(error);
    if (/TASK_NOT_FOUND|TASK_LOST/.test(text)) watcher.lost = true;
    else if (!text.includes('UNAVAILABLE')) this.oddities.push(`watch: ${text}`);
  }
}

function hasEnded({ last, lost }: Watcher): boolean {
  return lost || (last !== undefined && isFinal(last.status));
}

function see(watcher: Watcher, { status, version }: Seen, isFirst: boolean): void {
  const { id, last, offences } = watcher;
  watcher.states += 1;
  watcher.last = { status, version };
  if (last === undefined || version > last.version || (isFirst && version === last.version)) return;
  const how = version === last.version ? 'came twice' : `came after ${last.status} ${last.version}`;
  offences.push(`${id}: ${status} ${version} ${how}`);
}
