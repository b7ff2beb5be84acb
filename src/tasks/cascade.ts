import { setTimeout as delay } from 'node:timers/promises';
import type { Lanes } from './lanes.ts';
import { chunks, parseTask } from './replies.ts';
import { carriedOver, childOnItsWayMs, outbox, parentsPerCall } from './scripts/children.ts';
import type { Store } from './store.ts';
import { canCancel, type Task } from './task.ts';

/** Why a child was canceled by nobody's own request. */
export const canceledWithParent = 'Its parent was canceled.';

/** How long who cancels a task waits for the cancels of its children. */
const momentMs = 300;

/** How many children are canceled at the same time. */
const atOnce = 50;

/** Since when a parent is in the outbox, the time by the store, the parent's state, its children. */
type Entry = [string, string, string, ...string[]];

/**
 * Carries cancels over to children. A canceled parent stays in its queue's outbox, written by the script that canceled
 * it, until each of its children is canceled or final: whoever cancels works it off at once, the clocks what is left.
 */
export class Cascade {
  readonly #store: Store;
  readonly #lanes: Lanes;

  constructor(store: Store, lanes: Lanes) {
    this.#store = store;
    this.#lanes = lanes;
  }

  /**
   * Begins with the children of a task that was just canceled, and answers after a moment at most: the rest goes on, and
   * what can't be done the clocks do within a second.
   */
  async begin(queue: string, id: string): Promise<void> {
    const late = new AbortController();
    const enough = delay(momentMs, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([this.work(queue, id).catch(() => undefined), enough]);
    late.abort();
  }

  /** Works off a queue's outbox, or what it has of one task. Children of children follow at once. */
  async work(queue: string, id = ''): Promise<void> {
    let [left, isMore] = [0, true];
    while (isMore) {
      const entries = (await this.#store.run(outbox, queue, [id, left])) as Entry[];
      for (const entry of entries) if (!(await this.#carryOver(queue, entry))) left += 1;
      isMore = id === '' && entries.length === parentsPerCall;
    }
  }

  /** Cancels a parent's children; false where one of them may still be on its way. */
  async #carryOver(queue: string, [since, now, state, ...children]: Entry): Promise<boolean> {
    const parent = parseTask(state);
    const found = await this.#store.getMany(children);
    const own = found.filter((task) => task !== undefined).filter((task) => task.parent === parent.id);
    for (const some of chunks(own, atOnce))
      await Promise.all(some.map((child) => this.#cancel(child, parent)));
    const isWhole = !found.includes(undefined) || Number(now) - Number(since) > childOnItsWayMs;
    if (isWhole) await this.#store.run(carriedOver, queue, [parent.id, since]);
    return isWhole;
  }

  /** Cancels a child whose parent was canceled while it was being made. */
  async cancelChild(child: Task, parent: Task): Promise<void> {
    await this.#cancel(child, parent);
  }

  async #cancel({ id, status }: Task, { cancellation }: Task): Promise<void> {
    if (!canCancel(status)) return;
    const actor = cancellation?.actor;
    const canceled = await this.#store.cancel(id, {
      reason: canceledWithParent,
      ...(actor === undefined ? {} : { actor }),
    });
    if (canceled === undefined) return;
    this.#lanes.of(canceled.task.queue).push(canceled.hints);
    await this.work(canceled.task.queue, id);
  }
}
