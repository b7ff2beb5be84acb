import type { TaskDefinition } from '../definition/definition.ts';
import { ForbiddenError, ScheduleNotFoundError } from '../errors.ts';
import type { EnqueuedTask, EnqueueOptions } from '../tasks/draft.ts';
import type { Schedule } from '../tasks/schedule.ts';
import type { SchedulePage, ScheduleQuery } from '../tasks/schedule-list.ts';
import type { SchedulesQuery, SchedulesUpdate } from '../tasks/schedule-watches.ts';
import type { NewSchedule, ScheduleChanges, Schedules } from '../tasks/schedules.ts';
import type { Permissions } from './permissions.ts';
import type { VisibleSchedules } from './visible-tasks.ts';

type Switched = { accepted: boolean; schedule: Schedule };

/** The schedules of one owner; those of others, and of the code, are as if they weren't there. */
export class OwnSchedules implements VisibleSchedules {
  readonly #schedules: Schedules;
  readonly #owner: string;
  readonly #permissions: Permissions;

  constructor(schedules: Schedules, owner: string, permissions: Permissions) {
    this.#schedules = schedules;
    this.#owner = owner;
    this.#permissions = permissions;
  }

  async get(id: string): Promise<Schedule | undefined> {
    return (await this.getMany([id]))[0];
  }

  async getMany(ids: readonly string[]): Promise<(Schedule | undefined)[]> {
    const found = await this.#schedules.getMany(ids);
    return found.map((schedule) => (schedule?.owner === this.#owner ? schedule : undefined));
  }

  async list(query: ScheduleQuery): Promise<SchedulePage> {
    this.#checkOwner();
    return await this.#schedules.list({ ...query, owner: this.#owner });
  }

  watch(query: SchedulesQuery = {}): AsyncGenerator<SchedulesUpdate, void, undefined> {
    this.#checkOwner();
    return this.#schedules.watch({ ...query, owner: this.#owner });
  }

  async create(which: string | TaskDefinition, options: NewSchedule): Promise<Schedule> {
    const name = typeof which === 'string' ? which : which.name;
    const own = { ...options, owner: this.#owner, ...this.#permissions.toEnqueue(name) };
    return await this.#schedules.create(name, own);
  }

  async update(id: string, changes: ScheduleChanges): Promise<Schedule> {
    const { definition } = await this.#existing(id);
    return await this.#schedules.update(id, { ...changes, ...this.#permissions.toEnqueue(definition) });
  }

  async pause(id: string, act?: { readonly reason?: string; readonly actor?: string }): Promise<Switched> {
    await this.#existing(id);
    return await this.#schedules.pause(id, act);
  }

  async resume(id: string): Promise<Switched> {
    await this.#existing(id);
    return await this.#schedules.resume(id);
  }

  async delete(id: string): Promise<Schedule> {
    await this.#existing(id);
    return await this.#schedules.delete(id);
  }

  async runNow(id: string, options: EnqueueOptions = {}): Promise<EnqueuedTask> {
    const { definition } = await this.#existing(id);
    return await this.#schedules.runNow(id, { ...options, ...this.#permissions.toEnqueue(definition) });
  }

  /** @throws ForbiddenError for whoever has not signed in */
  #checkOwner(): void {
    if (this.#owner !== 'anonymous') return;
    throw new ForbiddenError('The owner `anonymous` has no lists. Sign in as an owner of your own.');
  }

  async #existing(id: string): Promise<Schedule> {
    const schedule = await this.get(id);
    if (schedule === undefined) throw new ScheduleNotFoundError(id);
    return schedule;
  }
}
