import type { Client } from 'graphql-ws';
import { setTimeout as delay } from 'node:timers/promises';
import { apply, type Payload } from '../support/list-client.ts';
import type { Apis } from './api.ts';

/** A task as a list shows it. */
interface Row {
  readonly id: string;
  readonly version: number;
}

/** A window of a list, as one client holds it. */
interface Window {
  readonly client: Client;
  readonly filter: Readonly<Record<string, unknown>>;
  rows: readonly Row[];
  updates: number;
}

const live = `subscription ($filter: TaskFilter) {
  tasksUpdated(filter: $filter, first: 100) {
    reset { nodes { id version } }
    changes { kind index task { id version } }
  }
}`;
const list = 'query ($filter: TaskFilter) { tasks(filter: $filter, first: 100) { nodes { id version } } }';

const filters = [
  {},
  { statuses: ['RUNNING', 'QUEUED'] },
  { statuses: ['SUCCEEDED'] },
  { queues: ['default'] },
];

/** How long a client waits until it subscribes again, and how long a window may take to become what the list is. */
const againMs = 200;
const patienceMs = 5_000;

/** Clients who hold windows of lists, each over a WebSocket of its own, and subscribe again when it breaks. */
export class Windows implements AsyncDisposable {
  /** Errors that nobody expects; empty in a good run. */
  readonly oddities: string[] = [];
  readonly #apis: Apis;
  readonly #windows: readonly Window[];
  readonly #running: readonly Promise<void>[];
  #isClosing = false;

  constructor(apis: Apis) {
    this.#apis = apis;
    this.#windows = filters.map((filter) => ({ client: apis.socket(), filter, rows: [], updates: 0 }));
    this.#running = this.#windows.map((window) => this.#hold(window));
  }

  /** Payloads in all. */
  get updates(): number {
    return this.#windows.reduce((sum, { updates }) => sum + updates, 0);
  }

  /** Windows that don't become what the list is. */
  async differing(): Promise<string[]> {
    const found = await Promise.all(this.#windows.map((window) => this.#difference(window)));
    return found.flatMap((difference) => difference ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    for (const { client } of this.#windows) await client.dispose();
    await Promise.all(this.#running);
  }

  async #hold(window: Window): Promise<void> {
    while (!this.#isClosing) {
      await this.#subscribe(window);
      if (!this.#isClosing) await delay(againMs);
    }
  }

  async #subscribe(window: Window): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { client, filter } = window;
    client.subscribe<{ tasksUpdated: Payload<Row> }>(
      { query: live, variables: { filter } },
      {
        next: ({ data, errors }) => {
          if (errors !== undefined) this.#hear(errors);
          if (data?.tasksUpdated === undefined) return;
          window.rows = apply(window.rows, data.tasksUpdated);
          window.updates += 1;
        },
        error: (error) => {
          this.#hear(error);
          resolve();
        },
        complete: resolve,
      },
    );
    await promise;
  }

  async #difference(window: Window): Promise<string | undefined> {
    const endsAt = performance.now() + patienceMs;
    for (;;) {
      const answer = await this.#apis.ask(list, { filter: window.filter });
      // The field that was asked for; undefined where there was no answer.
      const page = answer?.data?.['tasks'] as { readonly nodes: readonly Row[] } | undefined;
      const expected = page?.nodes.map(nameOf);
      const shown = window.rows.map(nameOf);
      const at = shown.findIndex((row, place) => row !== expected?.[place]);
      if (at === -1 && shown.length === expected?.length) return undefined;
      if (performance.now() > endsAt) {
        const where = `${JSON.stringify(window.filter)}, of ${shown.length} and ${expected?.length} the one at ${at}`;
        return `${where}: ${shown[at]} instead of ${expected?.[at]}`;
      }
      await delay(50);
    }
  }

  #hear(error: unknown): void {
    const text = JSON.stringify(error) ?? String(error);
    if (!text.includes('UNAVAILABLE')) this.oddities.push(`list: ${text}`);
  }
}

function nameOf({ id, version }: Row): string {
  return `${id} ${version}`;
}
