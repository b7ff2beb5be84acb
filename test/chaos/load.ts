import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type Apis, isUnavailable } from './api.ts';
import type { Order } from './plan.ts';

/** What became of an order, as far as its client knows. */
export interface Placed {
  readonly order: Order;
  /** The task that was acknowledged. */
  id: string | undefined;
  /** Requests that got no answer, or one that leaves open what was done. */
  unanswered: number;
  /** True once a cancel was accepted. */
  canceled: boolean;
}

/** How long a client waits until it tries again, at first and at most, and until it gives up. */
const againMs = { first: 100, most: 2_000 };
const giveUpMs = 60_000;

/** There are so many clients; an order waits until one has time. */
const clients = 100;

/** Clients who enqueue and cancel, each again and again until they have an answer. */
export class Load {
  readonly placed: Map<number, Placed> = new Map();
  /** Answers that nobody expects; empty in a good run. */
  readonly oddities: string[] = [];
  readonly #apis: Apis;
  readonly #seed: number;
  readonly #withKeys: boolean;

  private constructor(apis: Apis, seed: number, withKeys: boolean) {
    this.#apis = apis;
    this.#seed = seed;
    this.#withKeys = withKeys;
  }

  /** Asks the schema whether a retried enqueue can be told from a second one. */
  static async create(apis: Apis, seed: number): Promise<Load> {
    const answer = await apis.ask('{ __type(name: "TaskOptions") { inputFields { name } } }', {});
    return new Load(apis, seed, JSON.stringify(answer).includes('"idempotencyKey"'));
  }

  /** True where each order has an idempotency key, so that at most one task comes of it. */
  get withKeys(): boolean {
    return this.#withKeys;
  }

  /** Places the orders at their times; resolves when each has its answer. */
  async run(orders: readonly Order[], startedAt: number, onPlaced: (placed: Placed) => void): Promise<void> {
    const running = new Set<Promise<void>>();
    for (const order of orders) {
      const waitMs = startedAt + order.atMs - performance.now();
      if (waitMs > 0) await delay(waitMs);
      if (running.size >= clients) await Promise.race(running);
      const one = this.#place(order, onPlaced).finally(() => running.delete(one));
      running.add(one);
    }
    await Promise.all(running);
  }

  async #place(order: Order, onPlaced: (placed: Placed) => void): Promise<void> {
    const placed: Placed = { order, id: undefined, unanswered: 0, canceled: false };
    this.placed.set(order.number, placed);
    const { query, variables } = this.#mutation(order);
    const answer = await this.#untilAnswered(query, variables, () => (placed.unanswered += 1));
    placed.id = enqueuedId(answer);
    if (placed.id === undefined) return void this.oddities.push(`enqueue: ${JSON.stringify(answer)}`);
    onPlaced(placed);
    if (order.cancelAfterMs !== undefined) await this.#cancel(placed, placed.id, order.cancelAfterMs);
  }

  async #cancel(placed: Placed, id: string, afterMs: number): Promise<void> {
    await delay(afterMs);
    const query = 'mutation ($id: ID!) { cancelTask(id: $id) { accepted } }';
    const answer = await this.#untilAnswered(query, { id }, () => undefined);
    const text = JSON.stringify(answer);
    placed.canceled = text.includes('"accepted":true');
    // Who lost the task lost it; the verdict counts it.
    if (answer.errors !== undefined && !text.includes('TASK_NOT_FOUND'))
      this.oddities.push(`cancel: ${text}`);
  }

  async #untilAnswered(
    query: string,
    variables: Readonly<Record<string, unknown>>,
    onUnanswered: () => void,
  ): Promise<Answer> {
    const givesUpAt = performance.now() + giveUpMs;
    for (let waitMs = againMs.first; ; waitMs = Math.min(2 * waitMs, againMs.most)) {
      const answer = await this.#apis.ask(query, variables);
      if (answer !== undefined && !isUnavailable(answer)) return answer;
      if (performance.now() > givesUpAt) return { errors: [{ message: `no answer within ${giveUpMs} ms` }] };
      onUnanswered();
      // Not all at the same time, or they would keep down who just gets up.
      await delay(waitMs * (0.5 + Math.random()));
    }
  }

  #mutation(order: Order): { query: string; variables: Readonly<Record<string, unknown>> } {
    const { number, definition, delayMs, priority } = order;
    const type = `${definition.slice(0, 1).toUpperCase()}${definition.slice(1)}Input`;
    const query = `mutation ($input: ${type}!, $options: TaskOptions) { placed: ${definition}(input: $input, options: $options) { task { id } } }`;
    const input = { number, ...inputs[definition](order) };
    const options = {
      ...(this.#withKeys ? { idempotencyKey: `${this.#seed}-${number}` } : {}),
      ...(delayMs === undefined ? {} : { delay: `${delayMs}ms` }),
      ...(priority === 0 ? {} : { priority }),
    };
    return { query, variables: { input, options } };
  }
}

/** What each definition takes beside the number. */
const inputs: Readonly<Record<Order['definition'], (order: Order) => object>> = {
  touch: () => ({}),
  steps: ({ takesMs, isHeedless }) => ({ takesMs, isHeedless }),
  stumble: ({ failures }) => ({ failures }),
  narrow: ({ takesMs }) => ({ takesMs }),
  shared: ({ takesMs, group }) => ({ takesMs, group }),
  paced: () => ({}),
  calm: ({ group }) => ({ group }),
  lone: ({ group }) => ({ group }),
};

function enqueuedId({ data }: Answer): string | undefined {
  // As the query above asks for it.
  const placed = data?.['placed'] as { readonly task: { readonly id: string } } | undefined;
  return placed?.task.id;
}
