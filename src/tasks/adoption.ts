import type { Delivery, Hint } from './delivery.ts';
import { parseHints } from './replies.ts';
import { adopt, park, unpark } from './scripts/children.ts';
import type { Store } from './store.ts';

/**
 * What became of a link: this child, one that is linked already (by this attempt or one that was interrupted, or in an
 * EARLIER try), or none as the parent may have no more.
 */
export type Adopted =
  | { readonly status: 'ADOPTED' | 'KNOWN' | 'EARLIER'; readonly id: string; readonly standsAt: string }
  | { readonly status: 'CANCELING' | 'STALE' };

/** A child as it is linked to its parent. */
export interface Link {
  /** What tells the parent's children apart, also in another attempt. */
  readonly key: string;
  readonly id: string;
  readonly weight: number;
  /** The child that this one takes the place of. */
  readonly replaced?: string | undefined;
}

/** Links a child to the task of a delivery, before the child is made. */
export async function linkChild(store: Store, { task, token }: Delivery, link: Link): Promise<Adopted> {
  const { key, id, weight, replaced = '' } = link;
  const reply = await store.run(adopt, task.queue, [task.id, token, key, id, weight, replaced]);
  const [status, child = '', standsAt = ''] = reply as [Adopted['status'], string?, string?];
  return status === 'CANCELING' || status === 'STALE' ? { status } : { status, id: child, standsAt };
}

/** A delivery whose run waits, and the slots that its worker has to give by that. */
export interface Parked {
  readonly worker: string;
  readonly delivery: Delivery;
  readonly slots: number;
}

/** Gives a waiting run's slot and its places in limits to others; undefined where its token is void. */
export async function parkDelivery(
  store: Store,
  { worker, delivery, slots }: Parked,
  hint: string,
): Promise<Hint[] | undefined> {
  const { task, token } = delivery;
  const reply = await store.run(park, task.queue, [worker, task.id, token, hint, slots]);
  const [parked, ...hints] = reply as [number, ...string[]];
  return parked === 1 ? parseHints(hints) : undefined;
}

/** Takes the places again. */
export async function resumeDelivery(
  store: Store,
  { worker, delivery, slots }: Parked,
): Promise<'RESUMED' | 'NO_ROOM' | 'STALE'> {
  const { task, token } = delivery;
  const reply = await store.run(unpark, task.queue, [worker, task.id, token, slots]);
  return reply === 1 ? 'RESUMED' : reply === 2 ? 'NO_ROOM' : 'STALE';
}
