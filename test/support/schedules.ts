import type { TaskDefinition } from '../../src/definition/definition.ts';
import { compileDefinitions } from '../../src/definition/types.ts';
import { defineTask, type ScheduleOptions } from '../../src/index.ts';
import type { RedisSettings } from '../../src/redis/connection.ts';
import { codeScheduleId, slotTaskId } from '../../src/tasks/id.ts';
import { Lanes } from '../../src/tasks/lanes.ts';
import type { Schedule } from '../../src/tasks/schedule.ts';
import { Scheduler } from '../../src/tasks/scheduler.ts';
import { Schedules } from '../../src/tasks/schedules.ts';
import type { Task } from '../../src/tasks/task.ts';
import { TestStore } from './store.ts';
import { type SharedStore, testLogger } from './stores.ts';

export const minuteMs = 60_000;

/** What most tests of schedules have in their code. */
export const hourly: TaskDefinition = hourlyWith({ every: '1h' });

/** The same definition with another schedule, as a later release has it. */
export function hourlyWith(schedule: ScheduleOptions | readonly ScheduleOptions[]): TaskDefinition {
  return defineTask({ name: 'hourly', schedule, run: () => undefined });
}

/** The id of a schedule in a definition's code. */
export function scheduleIdOf(
  definition: { readonly queue: string; readonly name: string },
  name = 'default',
): string {
  return codeScheduleId(definition.queue, definition.name, name);
}

/** What a test of schedules reads and sets in the store of one queue, without any clock but the test. */
export class TestSchedules extends TestStore {
  /** A store of its own in which a process has registered its definitions. */
  static async registered(
    where: SharedStore | RedisSettings,
    definitions: readonly TaskDefinition[] = [hourly],
  ) {
    const store = new TestSchedules(where, 'default');
    const scheduler = store.scheduler(definitions);
    await scheduler.register(['default']);
    return {
      store,
      scheduler,
      schedules: store.schedules(definitions),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  }

  /** The part of a process that makes tasks. */
  scheduler(definitions: readonly TaskDefinition[]): Scheduler {
    const lanes = new Lanes({ prefix: this.root.split(':')[0] ?? '', redis: this.redis, logger: testLogger });
    const compiled = [...compileDefinitions(definitions).values()];
    return new Scheduler({ store: this.store, lanes, definitions: compiled, logger: testLogger });
  }

  schedules(definitions: readonly TaskDefinition[] = [hourly]): Schedules {
    return new Schedules({
      store: this.store,
      feed: {
        listen: () => {
          throw new Error('a test without Tasks watches nothing');
        },
      },
      logger: testLogger,
      definitions: compileDefinitions(definitions),
      queues: async () => [this.queue],
      enqueue: () => Promise.reject(new Error('a test without Tasks runs nothing by hand')),
    });
  }

  /** What a clock does at one moment. */
  async look(scheduler: Scheduler): Promise<void> {
    const { schedules, now } = await this.tick();
    await scheduler.fire(this.queue, schedules, now);
  }

  /** Makes a slot the next one, as if it had been since before a time without clocks. */
  async setNext(id: string, slot: number): Promise<void> {
    await this.redis.hset(`${this.root}:schedule:${id}`, 'next', slot);
    await this.redis.zadd(`${this.root}:schedules`, slot, id);
  }

  async field(id: string, name: string): Promise<string | null> {
    return await this.redis.hget(`${this.root}:schedule:${id}`, name);
  }

  /** The store's time, in ms. */
  async now(): Promise<number> {
    const [seconds, micros] = await this.redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }

  /** The tasks that a schedule has made for slots. */
  async tasksOf(id: string, slots: readonly number[]): Promise<(Task | undefined)[]> {
    return await this.store.getMany(slots.map((slot) => slotTaskId(id, slot)));
  }

  /** Ids of all tasks that a schedule has made. */
  async madeBy(id: string): Promise<string[]> {
    return await this.redis.zrange(`${this.root}:tag:\u0001schedule:${id}`, '0', '-1');
  }
}

/** A schedule that must be there. */
export async function existing(schedules: Schedules, id: string): Promise<Schedule> {
  const schedule = await schedules.get(id);
  if (schedule === undefined) throw new Error(`there is no schedule ${id}`);
  return schedule;
}
