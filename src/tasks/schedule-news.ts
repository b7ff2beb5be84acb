import type { StoredSchedule } from './schedule-record.ts';
import type { Schedule } from './schedule.ts';

/** By what it is told whose a schedule is. */
export type Whose = Pick<Schedule, 'id' | 'definition' | 'owner'>;

/** What was heard of a schedule: it is so by now, or was deleted. */
export type ScheduleNews =
  | { readonly id: string; readonly schedule: StoredSchedule }
  | { readonly id: string; readonly removed: Whose };

/** Which schedules a watcher was told, and as of when: no more than is needed to tell what is new. */
export class ToldSchedules {
  readonly #readUs: Map<string, number>;

  constructor(schedules: readonly StoredSchedule[]) {
    this.#readUs = new Map(schedules.map(({ id, readUs }) => [id, readUs]));
  }

  get ids(): string[] {
    return [...this.#readUs.keys()];
  }

  /**
   * What there is to tell of news, in the order in which they came. `read` are all that were told as far as they are still
   * there, and others: what they say passes, as the store may have lost writes, and have another clock.
   */
  take(
    news: readonly ScheduleNews[],
    read: readonly StoredSchedule[] | undefined,
  ): { readonly schedules: StoredSchedule[]; readonly removedIds: string[] } {
    const changed = new Map(read?.map((schedule) => [schedule.id, schedule]));
    const removed = new Set(read === undefined ? [] : this.ids.filter((id) => !changed.has(id)));
    for (const { id, ...one } of news) {
      if ('removed' in one) {
        changed.delete(id);
        removed.add(id);
        continue;
      }
      const told = changed.get(id)?.readUs ?? (read === undefined ? this.#readUs.get(id) : undefined);
      // A read that was made later may have answered before.
      if (told !== undefined && one.schedule.readUs < told) continue;
      removed.delete(id);
      changed.set(id, one.schedule);
    }
    for (const id of removed) this.#readUs.delete(id);
    for (const { id, readUs } of changed.values()) this.#readUs.set(id, readUs);
    return { schedules: [...changed.values()], removedIds: [...removed] };
  }
}
