import type { TaskDefinition } from '../definition/definition.ts';
import type { ScheduleOptions } from '../definition/options.ts';
import type { CompiledDefinition } from '../definition/types.ts';
import { BadUserInputError, ScheduleNotFoundError, UnavailableError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { schedulesChannel } from '../redis/keys.ts';
import { createScheduleId, scheduleQueueOf } from './id.ts';
import { nextSlot } from '../definition/slots.ts';
import { policyOf } from './policy.ts';
import { checkChanges, checkNewSchedule } from './schedule-checks.ts';
import {
  firstSlot,
  parseSchedule,
  scheduleFields,
  scheduleOptions,
  type StoredSchedule,
} from './schedule-record.ts';
import { pageOfSchedules, type SchedulePage, type ScheduleQuery } from './schedule-list.ts';
import { type SchedulesQuery, type SchedulesUpdate, ScheduleWatches } from './schedule-watches.ts';
import type { Schedule } from './schedule.ts';
import { drop, put } from './scripts/schedule-changes.ts';
import { readSchedules } from './scripts/schedule-read.ts';
import { membersOf, type Store } from './store.ts';
import type { EnqueuedTask, EnqueueOptions } from './draft.ts';
import type { Feed } from './feed.ts';

/** A schedule to be made: as in a definition, and how its tasks are enqueued. */
export type NewSchedule = ScheduleOptions & ScheduleTaskOptions;

/** How the tasks of a schedule are enqueued. */
export interface ScheduleTaskOptions {
  /** Up to 20 labels of 1 to 64 characters. */
  readonly tags?: readonly string[];
  /** @default 'anonymous' */
  readonly owner?: string;
  /** Seconds of head start, from -600 to 600. @default 0 */
  readonly priority?: number;
  /** Asked with the input as `run` gets it, before anything is written; what it throws is thrown. */
  readonly permit?: (input: unknown) => void;
}

/** What changes; the rest stays as it is. Of `cron`, `every` and `at` one takes the place of what was there. */
export type ScheduleChanges = Partial<Record<'cron' | 'timeZone', string>> & {
  readonly every?: Extract<ScheduleOptions, { every: unknown }>['every'];
  readonly at?: Date | string;
} & Pick<ScheduleOptions, 'name' | 'input' | 'missed' | 'overlap'> &
  Pick<ScheduleTaskOptions, 'tags' | 'priority' | 'permit'>;

export interface SchedulesOptions {
  readonly store: Store;
  readonly feed: Pick<Feed, 'listen'>;
  readonly logger: Logger;
  readonly definitions: ReadonlyMap<string, CompiledDefinition>;
  /** All queues that any process has registered. */
  readonly queues: () => Promise<readonly string[]>;
  readonly enqueue: (
    name: string,
    input: unknown,
    options: EnqueueOptions,
    schedule: string,
  ) => Promise<EnqueuedTask>;
}

/** Each change is made from what was read, and tried again where somebody else was faster. */
const mostTries = 5;

/** Makes, reads and changes schedules. Those that stand in the code can be paused and run, but not changed. */
export class Schedules {
  readonly #options: SchedulesOptions;
  readonly #watches: ScheduleWatches;

  constructor(options: SchedulesOptions) {
    this.#options = options;
    const { queues: names, ...source } = options;
    this.#watches = new ScheduleWatches({ ...source, names });
  }

  /**
   * Makes a schedule, of which each slot enqueues a task.
   *
   * @throws BadUserInputError with each thing that is wrong; UnavailableError within a second
   */
  async create(which: string | TaskDefinition, options: NewSchedule): Promise<Schedule> {
    const { store, definitions } = this.#options;
    const name = typeof which === 'string' ? which : which.name;
    const { compiled, times, settings, coerced } = await checkNewSchedule(definitions, name, options);
    const { definition, version } = compiled;
    const { owner = 'anonymous', tags = [], priority, permit } = options;
    permit?.(coerced);
    const id = createScheduleId(definition.queue);
    const [now] = await this.#read(definition.queue, []);
    const fields = {
      ...scheduleFields(id, { owner, tags: [...new Set(tags)] }),
      ...settings,
      name,
      source: 'API',
      title: options.name ?? '',
      times: JSON.stringify(times),
      anchor: String(now),
      options: scheduleOptions(id, compiled, coerced, owner, priority),
    };
    const policy = JSON.stringify(policyOf(definition, compiled.secrets));
    const args = [id, '', firstSlot(times, now), version, policy, ...Object.entries(fields).flat()];
    const made = parseSchedule((await store.run(put, definition.queue, args)) as string[]);
    // Its id is new.
    if (made === undefined) throw new UnavailableError();
    return made;
  }

  /**
   * Changes a schedule. Other times begin from now on; the same ones go on.
   *
   * @throws ScheduleNotFoundError; BadUserInputError with each thing that is wrong, also of one from code
   */
  async update(id: string, changes: ScheduleChanges): Promise<Schedule> {
    return await this.#change(id, async (schedule, now) => {
      refuseCode(schedule, 'changed');
      const { definitions } = this.#options;
      const { times, fields, coerced } = await checkChanges(definitions, schedule, changes);
      changes.permit?.(coerced);
      const isNew = times !== undefined && JSON.stringify(times) !== JSON.stringify(schedule.times);
      const { owner } = schedule;
      const tags = [...new Set(changes.tags ?? schedule.tags)];
      const priority = changes.priority ?? schedule.priority;
      const compiled = definitions.get(schedule.definition);
      return {
        at: !isNew || schedule.pause !== undefined ? '=' : firstSlot(times, now),
        fields: {
          ...scheduleFields(id, { owner, tags }),
          ...fields,
          ...(isNew ? { times: JSON.stringify(times), anchor: String(now) } : {}),
          ...(compiled === undefined
            ? { options: JSON.stringify({ ...JSON.parse(schedule.options), priority }) }
            : { options: scheduleOptions(id, compiled, coerced, owner, priority) }),
        },
      };
    });
  }

  /** Makes no tasks from now on: what passes meanwhile is passed. @throws ScheduleNotFoundError */
  async pause(
    id: string,
    act: { readonly reason?: string; readonly actor?: string } = {},
  ): Promise<{ accepted: boolean; schedule: Schedule }> {
    return await this.#switch(
      id,
      ({ pause }) => pause === undefined,
      () => ({
        at: '',
        // The script puts the time before the first comma.
        fields: { paused: membersOf(act) || ',' },
      }),
    );
  }

  /** Goes on with the next slot from now. @throws ScheduleNotFoundError */
  async resume(id: string): Promise<{ accepted: boolean; schedule: Schedule }> {
    return await this.#switch(
      id,
      ({ pause }) => pause !== undefined,
      ({ spec }, now) => ({
        at: nextSlot(spec, now) ?? '',
        fields: { paused: '' },
      }),
    );
  }

  /** Takes a schedule away; its tasks stay. @throws ScheduleNotFoundError; BadUserInputError of one from code */
  async delete(id: string): Promise<Schedule> {
    const { schedule } = await this.#existing(id);
    refuseCode(schedule, 'deleted');
    await this.#options.store.run(drop, schedule.queue, [id]);
    return schedule;
  }

  /**
   * Enqueues a task of it now, also while it is paused or an earlier one runs; its slots stay as they are.
   *
   * @throws ScheduleNotFoundError; BadUserInputError also where its definition isn't known here
   */
  async runNow(id: string, options: EnqueueOptions = {}): Promise<EnqueuedTask> {
    const { schedule } = await this.#existing(id);
    const { definition, input, owner, tags, priority } = schedule;
    const own = { tags, ...(priority === undefined ? {} : { priority }) };
    const task = await this.#options.enqueue(definition, input, { ...own, ...options, owner }, id);
    // The task is there: who watches the schedule hears of it with the next change where this can't be told.
    await this.#tell(schedule).catch(() => undefined);
    return task;
  }

  async get(id: string): Promise<Schedule | undefined> {
    return (await this.getMany([id]))[0];
  }

  /** The schedules in the order of their ids, undefined where there is none. */
  async getMany(ids: readonly string[]): Promise<(Schedule | undefined)[]> {
    const found = new Map<string, Schedule>();
    const queues = Map.groupBy(ids, (id) => scheduleQueueOf(id) ?? '');
    queues.delete('');
    await Promise.all(
      [...queues].map(async ([queue, ids]) => {
        const [, ...schedules] = await this.#read(queue, ids);
        for (const schedule of schedules) if (schedule !== undefined) found.set(schedule.id, schedule);
      }),
    );
    return ids.map((id) => found.get(id));
  }

  /** The newest first. @throws BadUserInputError where the cursor isn't one of ours */
  async list(query: ScheduleQuery): Promise<SchedulePage> {
    return await pageOfSchedules(this.#options.store, await this.#options.queues(), query);
  }

  /**
   * Yields the newest schedules as they are now, then those that change, come and go, at most twice a second; ends when
   * aborted.
   *
   * @throws BadUserInputError where `first` isn't 1 to 100; UnavailableError at the start
   */
  watch(query: SchedulesQuery = {}): AsyncGenerator<SchedulesUpdate, void, undefined> {
    return this.#watches.watch(query);
  }

  close(): void {
    this.#watches.close();
  }

  async #tell({ id, queue }: Schedule): Promise<void> {
    const { store } = this.#options;
    await store.publish(schedulesChannel(store.root(queue)), id);
  }

  async #switch(
    id: string,
    isFor: (schedule: Schedule) => boolean,
    decide: (schedule: StoredSchedule, now: number) => Change,
  ): Promise<{ accepted: boolean; schedule: Schedule }> {
    const { schedule } = await this.#existing(id);
    if (!isFor(schedule)) return { accepted: false, schedule };
    return { accepted: true, schedule: await this.#change(id, async (...read) => decide(...read)) };
  }

  async #change(
    id: string,
    decide: (schedule: StoredSchedule, now: number) => Promise<Change>,
  ): Promise<Schedule> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const { schedule, now } = await this.#existing(id);
      const { at, fields } = await decide(schedule, now);
      const args = [id, schedule.revision, at, '', '', ...Object.entries(fields).flat()];
      const changed = parseSchedule((await this.#options.store.run(put, schedule.queue, args)) as string[]);
      if (changed !== undefined) return changed;
    }
    throw new UnavailableError();
  }

  async #existing(id: string): Promise<{ schedule: StoredSchedule; now: number }> {
    const queue = scheduleQueueOf(id);
    if (queue === undefined) throw new ScheduleNotFoundError(id);
    const [now, schedule] = await this.#read(queue, [id]);
    if (schedule === undefined) throw new ScheduleNotFoundError(id);
    return { schedule, now };
  }

  /** The store's time, and the schedules. */
  async #read(
    queue: string,
    ids: readonly string[],
  ): Promise<[now: number, ...(StoredSchedule | undefined)[]]> {
    const [now, ...found] = (await this.#options.store.run(readSchedules, queue, ids)) as [
      string,
      ...string[][],
    ];
    return [Number(now), ...found.map((fields) => parseSchedule(fields))];
  }
}

interface Change {
  /** The next slot: none is '', and '=' the one that is set. */
  readonly at: number | '' | '=';
  readonly fields: Readonly<Record<string, string>>;
}

/** @throws BadUserInputError */
function refuseCode({ source, definition }: Schedule, what: string): void {
  if (source === 'API') return;
  const message = `This schedule stands in the code of '${definition}': it is ${what} there. It can be paused here.`;
  throw new BadUserInputError(`id: ${message}`, [{ path: ['id'], message }]);
}
