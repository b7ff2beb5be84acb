import { describe, expect, test, vi } from 'vitest';
import { compileDefinitions } from '../../src/definition/types.ts';
import { defineTask, type InputFields } from '../../src/index.ts';
import { tasksEnqueued } from '../../src/metrics.ts';
import { createScheduleId } from '../../src/tasks/id.ts';
import { QueueRules } from '../../src/tasks/queue-rules.ts';
import { existing, hourly, hourlyWith, minuteMs, scheduleIdOf, TestSchedules } from '../support/schedules.ts';
import { sharedStores } from '../support/stores.ts';

const id = scheduleIdOf(hourly);

describe.each(sharedStores)('in $name', (shared) => {
  test('a slot has one task, however many processes find it due', async () => {
    await using store = new TestSchedules(shared, 'default');
    const processes = Array.from({ length: 20 }, () => store.scheduler([hourly]));
    await processes[0]?.register(['default']);
    const slot = (await store.now()) - 5;
    await store.setNext(id, slot);

    const ticks = await Promise.all(processes.map(() => store.tick()));
    const next = await Promise.all(
      processes.map((process, index) => process.fire('default', ticks[index]?.schedules ?? [], slot + 5)),
    );

    expect(ticks.filter(({ schedules }) => schedules.length > 0)).toHaveLength(20);
    expect(await store.madeBy(id)).toHaveLength(1);
    expect(await store.tasksOf(id, [slot])).toMatchObject([
      { name: 'hourly', status: 'QUEUED', schedule: id },
    ]);
    // Who came too late learns when the next one is, too.
    expect(new Set(next)).toEqual(new Set([(await existing(store.schedules(), id)).nextRunAt]));
    expect((await store.tick()).schedules).toEqual([]);
  });

  test('what schedules enqueue is counted by whoever made it, once, and not what a slot leaves out', async () => {
    const own = defineTask({
      name: 'counted',
      schedule: { every: '1h', overlap: 'SKIP', missed: 'RUN_ALL' },
      run: () => undefined,
    });
    const ownId = scheduleIdOf(own);
    await using app = await TestSchedules.registered(shared, [own, hourly]);
    const { store, scheduler } = app;
    const enqueued = () =>
      Object.fromEntries(
        [...tasksEnqueued.samples()].map(([value, queue, name]) => [`${queue} ${name}`, value] as const),
      );
    const { 'default counted': before = 0, 'default hourly': others = 0 } = enqueued();
    const slot = (await store.now()) - 5;
    // The second of them overlaps with the first.
    await store.setNext(ownId, slot - 60 * minuteMs);
    await store.setNext(id, slot);

    const ticks = [await store.tick(), await store.tick()];
    await Promise.all(ticks.map(({ schedules, now }) => scheduler.fire('default', schedules, now)));

    expect(await store.madeBy(ownId)).toHaveLength(1);
    expect(await store.madeBy(id)).toHaveLength(1);
    expect(enqueued()).toMatchObject({ 'default counted': before + 1, 'default hourly': others + 1 });
    // The slot has its task already, as when a failover lost that it was made.
    await store.setNext(id, slot);
    await store.look(scheduler);
    expect(enqueued()).toMatchObject({ 'default hourly': others + 1 });
  });

  test('a slot that comes again, as when a failover lost that it was made, is the same task', async () => {
    await using app = await TestSchedules.registered(shared);
    const { store, scheduler } = app;
    const slot = (await store.now()) - 5;

    for (const _ of [1, 2]) {
      await store.setNext(id, slot);
      await store.look(scheduler);
    }

    expect(await store.madeBy(id)).toHaveLength(1);
  });

  test('a slot whose schedule was changed meanwhile has no task of the old one', async () => {
    await using app = await TestSchedules.registered(shared);
    const { store, scheduler } = app;
    await store.setNext(id, (await store.now()) - 5);
    const { schedules, now } = await store.tick();
    await app.schedules.pause(id);

    await scheduler.fire('default', schedules, now);

    expect(await store.madeBy(id)).toEqual([]);
    expect(await existing(app.schedules, id)).toMatchObject({ pause: { at: expect.any(Number) } });
  });

  test('CANCEL_PREVIOUS asks a task that runs to stop, and its worker hears of it', async () => {
    await using app = await TestSchedules.registered(shared, [
      hourlyWith({ every: '1h', overlap: 'CANCEL_PREVIOUS' }),
    ]);
    const { store, scheduler } = app;
    const slot = (await store.now()) - 5;
    await store.setNext(id, slot);
    await store.look(scheduler);
    const [waiting] = await store.tasksOf(id, [slot]);
    const server = { worker: 'w1', lines: [`hourly:${waiting?.definitionVersion}`] };
    const { task } = await store.delivery(server);
    const heard: string[] = [];
    const listener = store.redis.duplicate();
    listener.on('message', (_, message: string) => heard.push(message));
    await listener.subscribe(`${store.root}:worker:w1`);

    await store.setNext(id, slot + 1);
    await store.look(scheduler);

    expect(await store.task(task.id)).toMatchObject({
      status: 'CANCELING',
      cancellation: { reason: 'The next task of its schedule takes its place.' },
    });
    expect(await store.tasksOf(id, [slot + 1])).toMatchObject([{ status: 'QUEUED' }]);
    await vi.waitFor(() => expect(heard.map((state) => JSON.parse(state))).toMatchObject([{ id: task.id }]));
    listener.disconnect();
  });

  test('a slot at which the queue takes nothing is skipped with the reason, and the earlier task goes on', async () => {
    await using app = await TestSchedules.registered(shared, [
      hourlyWith({ every: '1h', overlap: 'CANCEL_PREVIOUS' }),
    ]);
    const { store, scheduler } = app;
    const slot = (await store.now()) - 5;
    await store.setNext(id, slot);
    await store.look(scheduler);
    await new QueueRules(store.store).drain('default', {});

    await store.setNext(id, slot + 1);
    await store.look(scheduler);

    expect(await store.tasksOf(id, [slot, slot + 1])).toMatchObject([{ status: 'QUEUED' }, undefined]);
    expect(await existing(app.schedules, id)).toMatchObject({
      lastSkip: { slot: slot + 1, reason: 'QUEUE_DRAINING' },
      nextRunAt: expect.any(Number),
    });
  });

  test('a pause lets slots pass, and its end goes on with the next one from then', async () => {
    await using app = await TestSchedules.registered(shared, [
      hourlyWith({ every: '10m', missed: 'RUN_ALL' }),
    ]);
    const { store, scheduler, schedules } = app;
    await store.setNext(id, (await store.now()) - 30 * minuteMs);
    const { schedule } = await schedules.pause(id, { reason: 'holidays', actor: 'ada' });
    expect(schedule).toMatchObject({ pause: { reason: 'holidays', actor: 'ada' } });
    expect(schedule.nextRunAt).toBeUndefined();

    // Another process starts, with the same code.
    await store.scheduler([hourlyWith({ every: '10m', missed: 'RUN_ALL' })]).register(['default']);
    await store.look(scheduler);
    expect(await store.madeBy(id)).toEqual([]);
    const resumed = await schedules.resume(id);

    const now = await store.now();
    expect(resumed.accepted).toBe(true);
    expect(resumed.schedule.pause).toBeUndefined();
    expect(resumed.schedule.nextRunAt).toBeGreaterThan(now - 1_000);
    expect(resumed.schedule.nextRunAt).toBeLessThanOrEqual(now + 10 * minuteMs);
    expect(await existing(schedules, id)).toMatchObject({ missedCount: 0 });
  });

  test('the schedules of a definition that nobody has had for a day wait until somebody has it again', async () => {
    await using app = await TestSchedules.registered(shared);
    const { store, scheduler } = app;
    const slot = (await store.now()) - 5;
    await store.setNext(id, slot);
    await store.redis.hincrby(`${store.root}:scheduled:hourly`, 'seen', -25 * 60 * minuteMs);

    await store.look(store.scheduler([]));
    expect(await store.madeBy(id)).toEqual([]);
    await scheduler.register(['default']);
    await store.look(scheduler);

    expect(await store.tasksOf(id, [slot])).toMatchObject([{ status: 'QUEUED' }]);
  });

  test('a process that does not know the definition makes the task all the same, as the newest code has it', async () => {
    await using app = await TestSchedules.registered(shared);
    const { store, schedules } = app;
    const made = await schedules.create('hourly', { every: '1h' });
    const changed = defineTask({
      name: 'hourly',
      input: (t) => ({ n: t.int() }),
      retention: '1d',
      run: () => undefined,
    });
    await store.scheduler([changed]).register(['default']);
    const slot = (await store.now()) - 5;
    await store.setNext(made.id, slot);

    await store.look(store.scheduler([]));

    const version = compileDefinitions([changed]).get('hourly')?.version;
    expect(await store.tasksOf(made.id, [slot])).toMatchObject([
      { name: 'hourly', definitionVersion: version },
    ]);
  });

  test('a schedule that a request made goes by the limits and keys that its definition has now', async () => {
    const byTenant = {
      name: 'byTenant',
      input: (t: InputFields) => ({ tenant: t.string() }),
      run: () => undefined,
    };
    const before = defineTask(byTenant);
    const after = defineTask({ ...byTenant, limit: { concurrency: 1, key: ({ tenant }) => tenant ?? '' } });
    await using app = await TestSchedules.registered(shared, [before]);
    const { store } = app;
    const schedules = store.schedules([before]);
    const { id } = await schedules.create(before, { every: '1h', input: { tenant: 'acme' }, priority: 5 });

    const scheduler = store.scheduler([after]);
    await scheduler.register(['default']);
    const slot = (await store.now()) - 5;
    await store.setNext(id, slot);
    await store.look(scheduler);

    expect(await store.tasksOf(id, [slot])).toMatchObject([{ limitKey: 'acme', priority: 5, schedule: id }]);
  });

  test('a task of an earlier slot that is retried by hand counts for overlap', async () => {
    await using app = await TestSchedules.registered(shared, [hourlyWith({ every: '1h', overlap: 'SKIP' })]);
    const { store, scheduler } = app;
    const slot = (await store.now()) - 5;
    for (const at of [slot - 1, slot]) {
      await store.setNext(id, at);
      await store.look(scheduler);
      for (const task of await store.madeBy(id)) await store.store.cancel(task, {});
    }
    const [first = '', second] = await store.madeBy(id);
    expect(second).toBeDefined();
    await store.store.retry(first);

    await store.setNext(id, slot + 1);
    await store.look(scheduler);

    expect(await store.tasksOf(id, [slot + 1])).toEqual([undefined]);
  });

  test('all clocks hear of a slot that comes before all others', async () => {
    await using app = await TestSchedules.registered(shared, []);
    const { store } = app;
    const heard: number[] = [];
    const listener = store.redis.duplicate();
    listener.on('message', (_, message: string) => heard.push(Number(message)));
    await listener.subscribe(`${store.root}:due`);

    const { nextRunAt } = await store.schedules().create('hourly', { every: '1h' });

    await vi.waitFor(() => expect(heard).toEqual([nextRunAt]));
    expect((await store.tick()).next).toBe(nextRunAt);
    listener.disconnect();
  });

  test('of many schedules that are due at once each look makes a piece, and the next look comes at once', async () => {
    await using app = await TestSchedules.registered(shared, []);
    const { store, scheduler } = app;
    const schedules = store.schedules();
    const made = await Promise.all(
      Array.from({ length: 45 }, () => schedules.create('hourly', { every: '1h' })),
    );
    const slot = (await store.now()) - 5;
    await Promise.all(made.map(({ id }) => store.setNext(id, slot)));

    const again: (number | undefined)[] = [];
    for (let looks = 0; looks < 3; looks += 1) {
      const { schedules, now } = await store.tick();
      again.push(((await scheduler.fire('default', schedules, now)) ?? 0) - now);
    }

    expect((await store.tick()).schedules).toEqual([]);
    expect(again).toEqual([0, 0, expect.any(Number)]);
    expect(again[2]).toBeGreaterThan(3_000_000);
  });

  test('changes that cross each other are both made', async () => {
    await using app = await TestSchedules.registered(shared);
    const { schedules } = app;
    const made = await schedules.create('hourly', { every: '1h' });

    await Promise.all([
      schedules.update(made.id, { overlap: 'SKIP' }),
      schedules.update(made.id, { missed: 'RUN_ALL' }),
      schedules.pause(made.id, { reason: 'why' }),
    ]);

    expect(await existing(schedules, made.id)).toMatchObject({
      overlap: 'SKIP',
      missed: 'RUN_ALL',
      pause: { reason: 'why' },
    });
  });

  test('an id without a schedule finds nothing', async () => {
    await using store = new TestSchedules(shared, 'default');
    const schedules = store.schedules();

    expect(await schedules.getMany([createScheduleId('default'), 'x', ''])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await expect(schedules.pause(createScheduleId('default'))).rejects.toMatchObject({
      code: 'SCHEDULE_NOT_FOUND',
    });
  });
});
