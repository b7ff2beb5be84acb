import { createHash } from 'node:crypto';
import type { TaskDefinition } from '../definition/definition.ts';
import type { ScheduleSettings } from '../definition/schedule.ts';
import type { CompiledDefinition } from '../definition/types.ts';
import type { Logger } from '../logger.ts';
import { tasksEnqueued } from '../metrics.ts';
import { codeScheduleId, slotTaskId } from './id.ts';
import type { Lanes } from './lanes.ts';
import { Failures } from './mistakes.ts';
import { passedSlots, type PassedSlots } from './passed-slots.ts';
import { policyOf } from './policy.ts';
import { chunks, parseHints } from './replies.ts';
import { firstSlot, parseDue, scheduleFields, scheduleOptions, type DueSchedule } from './schedule-record.ts';
import { refreshSchedules } from './schedule-refresh.ts';
import { itemsPerCall } from './scripts/bounds.ts';
import { meet, register } from './scripts/schedule-changes.ts';
import { fire } from './scripts/schedule-fire.ts';
import { schedulesPerTick } from './scripts/schedules.ts';
import type { Store } from './store.ts';
import { startedAt } from './wait-options.ts';

export interface SchedulerOptions {
  readonly store: Store;
  readonly lanes: Lanes;
  readonly definitions: readonly CompiledDefinition[];
  readonly logger: Logger;
}

/**
 * Makes the tasks of slots, and says what the schedules of this process' definitions are. It runs in every process
 * with a clock, without a leader: a slot is one script, which only the first caller finds undone.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #failures: { readonly fire: Failures; readonly register: Failures };
  /** What the code's schedules are in the store: worked out once, as `validate` may take its time. */
  readonly #records: Map<ScheduleSettings, Promise<Readonly<Record<string, string>>>> = new Map();

  #registering: Promise<void> | undefined;
  readonly #refreshed: Set<CompiledDefinition> = new Set();

  constructor(options: SchedulerOptions) {
    this.#options = options;
    const { logger } = options;
    this.#failures = {
      fire: new Failures(logger, 'a schedule could not make its task'),
      register: new Failures(logger, 'the schedules could not be made known yet'),
    };
  }

  /** Deals with slots that have come; gives when to look again because of these schedules (ms). */
  async fire(queue: string, due: readonly string[], now: number): Promise<number | undefined> {
    const schedules = parseDue(due);
    const fired = await Promise.allSettled(schedules.map((schedule) => this.#fire(queue, schedule, now)));
    for (const [index, result] of fired.entries()) {
      const about = { schedule: schedules[index]?.id };
      // The clock says when it is tried again.
      if (result.status === 'fulfilled') this.#failures.fire.passed(about);
      else this.#failures.fire.failed(result.reason, 0, about);
    }
    const done = fired.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
    // A full piece: there may be more. Where none of it can be done, more would only wait for the next look, too.
    if (schedules.length >= schedulesPerTick && done.length > 0) return now;
    const following = done.filter((at) => at !== undefined);
    return following.length === 0 ? undefined : Math.min(...following);
  }

  /** Begins to register, unless it still does: nobody waits for a definition's `validate`, which may take its time. */
  startRegistering(queues: readonly string[]): void {
    if (this.#registering !== undefined) return;
    this.#registering = this.register(queues).finally(() => {
      this.#registering = undefined;
    });
  }

  /** Says which definitions this process has, and what the schedules in their code are, to all queues. */
  async register(queues: readonly string[]): Promise<void> {
    const { definitions } = this.#options;
    for (const queue of queues) {
      try {
        for (const piece of chunks(definitions, itemsPerCall)) await this.#meet(queue, piece);
        this.#failures.register.passed({ queue });
      } catch (error) {
        this.#failures.register.failed(error, 0, { queue });
      }
    }
  }

  async #fire(queue: string, schedule: DueSchedule, now: number): Promise<number | undefined> {
    const { store, lanes, logger } = this.#options;
    const { id, next, revision } = schedule;
    const passed = this.#passed(schedule, now);
    if (passed === undefined) return undefined;
    const { run, missed, lastMissed, next: following } = passed;
    const slots = run.flatMap((slot) => [slot, slotTaskId(id, slot)]);
    const args = [id, next, revision, following ?? '', missed, lastMissed ?? '', ...slots];
    const [done, at, errors, name, made, ...hints] = (await store.run(fire, queue, args)) as [
      number,
      string,
      string[],
      string,
      number,
      ...string[],
    ];
    if (made > 0) tasksEnqueued.addMany(made, queue, name);
    lanes.of(queue).push(parseHints(hints));
    if (errors.length > 0) logger.error({ schedule: id, errors }, 'a schedule failed to make its task');
    if (done === 1 && missed > 0) logger.info({ schedule: id, missed }, 'slots of a schedule passed by');
    return at === '' ? undefined : Number(at);
  }

  /** Another version of croner may take what this one doesn't: that process makes the task. */
  #passed({ id, spec, next, missed }: DueSchedule, now: number): PassedSlots | undefined {
    try {
      return passedSlots(spec, next, now, missed);
    } catch (error) {
      this.#options.logger.error(
        { err: error, schedule: id },
        'a schedule has times that cannot be read here',
      );
      return undefined;
    }
  }

  async #meet(queue: string, definitions: readonly CompiledDefinition[]): Promise<void> {
    const args = definitions.flatMap(({ definition, version, secrets }) => {
      const where = whereOf(definition, queue);
      // Read of this queue's own alone.
      const policy = where === 'E' ? '' : JSON.stringify(policyOf(definition, secrets));
      return [definition.name, version, policy, where];
    });
    const [now, ...met] = (await this.#options.store.run(meet, queue, [startedAt, ...args])) as [
      string,
      ...[name: string, isNewest: number, known: (string | number)[], requested: number][],
    ];
    // None waits for another's `validate`.
    await Promise.all(
      met.map(async ([name, isNewest, known, requested]) => {
        const compiled = definitions.find(({ definition }) => definition.name === name);
        if (isNewest === 0 || compiled === undefined) return;
        await this.#settle(queue, compiled, Number(now), chunks(known.map(String), 5));
        if (requested > 0 && compiled.definition.queue === queue) await this.#refresh(compiled);
      }),
    );
  }

  /** Writes those of a definition's schedules that aren't in the store as they are in the code. */
  async #settle(queue: string, compiled: CompiledDefinition, now: number, known: string[][]): Promise<void> {
    const { store, logger } = this.#options;
    const { name, schedules } = compiled.definition;
    const own = compiled.definition.queue === queue ? schedules : [];
    const ids = new Set(own.map((schedule) => codeScheduleId(queue, name, schedule.name)));
    const drops = known.flatMap(([id = '']) => (ids.has(id) ? [] : [id]));
    const writes: (string | number)[] = [];
    for (const schedule of own) {
      const id = codeScheduleId(queue, name, schedule.name);
      const [, revision = '', times, fingerprint, paused] = known.find(([other]) => other === id) ?? [];
      const record = await this.#recordOf(id, compiled, schedule).catch((error: unknown) => {
        logger.error({ err: error, schedule: id }, 'a schedule in the code has an input that cannot be used');
      });
      if (record === undefined || record['fingerprint'] === fingerprint) continue;
      const keeps = times === record['times'];
      const at = keeps || paused === '1' ? '=' : firstSlot(schedule.times, now);
      const values = Object.entries(keeps ? record : { ...record, anchor: String(now) }).flat();
      writes.push(id, revision, at, values.length, ...values);
    }
    if (drops.length + writes.length === 0) return;
    const written = await store.run(register, queue, [startedAt, name, drops.length, ...drops, ...writes]);
    logger.info(
      { definition: name, written, removed: drops.length },
      'the schedules of the code have changed',
    );
  }

  /** Once, as only another process has another definition. */
  async #refresh(compiled: CompiledDefinition): Promise<void> {
    const { store, logger } = this.#options;
    if (this.#refreshed.has(compiled)) return;
    await refreshSchedules(store, compiled.definition.queue, compiled, logger);
    this.#refreshed.add(compiled);
  }

  #recordOf(
    id: string,
    compiled: CompiledDefinition,
    schedule: ScheduleSettings,
  ): Promise<Readonly<Record<string, string>>> {
    let record = this.#records.get(schedule);
    if (record === undefined) {
      record = recordOf(id, compiled, schedule);
      this.#records.set(schedule, record);
      // A `validate` that couldn't tell is asked again.
      record.catch(() => this.#records.delete(schedule));
    }
    return record;
  }
}

/** Whether a definition is of a queue and has schedules, as the script `meet` wants to know it. */
function whereOf({ queue, schedules }: TaskDefinition, here: string): string {
  if (queue !== here) return 'E';
  return schedules.length > 0 ? 'C' : 'H';
}

async function recordOf(
  id: string,
  compiled: CompiledDefinition,
  { name, times, input, missed, overlap }: ScheduleSettings,
): Promise<Readonly<Record<string, string>>> {
  const { definition } = compiled;
  const owner = 'anonymous';
  const coerced: unknown = await compiled.coerceInput(JSON.parse(input));
  const fields = {
    ...scheduleFields(id, { owner, tags: [] }),
    name: definition.name,
    source: 'CODE',
    title: name,
    times: JSON.stringify(times),
    input,
    missed,
    overlap,
    options: scheduleOptions(id, compiled, coerced, owner, undefined),
  };
  const fingerprint = createHash('sha256').update(JSON.stringify(fields)).digest('base64url');
  return { ...fields, fingerprint };
}
