import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { linkChild } from '../../src/tasks/adoption.ts';
import { Cascade } from '../../src/tasks/cascade.ts';
import { adopt } from '../../src/tasks/scripts/children.ts';
import { createId } from '../../src/tasks/id.ts';
import { Lanes } from '../../src/tasks/lanes.ts';
import { Store } from '../../src/tasks/store.ts';
import { forever, Gate } from '../support/definitions.ts';
import { freshSettings, sharedStores, testLogger } from '../support/stores.ts';
import { TestStore } from '../support/store.ts';
import { TestTasks } from '../support/tasks.ts';

/** Enqueues children in other queues, which have one each. */
const child = defineTask({
  name: 'child',
  queue: 'children',
  async run(_input, { enqueue }) {
    await (await enqueue(grandchild, {})).result();
  },
});
const grandchild = defineTask({
  name: 'grandchild',
  queue: 'grandchildren',
  run: (...call) => forever.run(...call),
});
const parent = defineTask({
  name: 'parent',
  async run(_input, { enqueue, all }) {
    await all([await enqueue(child, {}), await enqueue(late, {}, { delayMs: 3_600_000 })]);
  },
});
const late = defineTask({ name: 'late', queue: 'later', run() {} });
const definitions = [parent, child, grandchild, late];

describe.each(sharedStores)('a cancel in $name', (shared) => {
  test('goes down to all children and theirs, in whatever queues they are', async () => {
    await using tests = await TestTasks.start(definitions, { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(parent, {});
    const family = await running(tests, id);

    await tests.tasks.cancel(id, { reason: 'enough', actor: 'ada' });

    const ended = await Promise.all(family.map((member) => tests.finished(member)));
    expect(ended.map(({ name, status }) => [name, status])).toEqual([
      ['parent', 'CANCELED'],
      ['child', 'CANCELED'],
      ['late', 'CANCELED'],
      ['grandchild', 'CANCELED'],
    ]);
    expect(ended.map(({ cancellation }) => cancellation)).toMatchObject([
      { reason: 'enough', actor: 'ada' },
      ...Array.from({ length: 3 }, () => ({ reason: 'Its parent was canceled.', actor: 'ada' })),
    ]);
  });

  test('that nobody carries over is carried over by the clocks', async () => {
    await using tests = await TestTasks.start(definitions, { redis: freshSettings(shared) });
    const { id } = await tests.tasks.enqueue(parent, {});
    const family = await running(tests, id);
    await using store = new TestStore(tests.redis, 'default');

    // As by a limit that cancels the oldest, or by a process that dies right after.
    await store.store.cancel(id, {});

    for (const member of family) expect(await tests.finished(member)).toMatchObject({ status: 'CANCELED' });
    await vi.waitFor(async () => expect(await store.redis.exists(`${store.root}:outbox`)).toBe(0), {
      timeout: 3_000,
    });
  });

  test('reaches a child that is just being made, however long its making takes', async () => {
    const linked = new Gate();
    const canceled = new Gate();
    // oxlint-disable-next-line typescript/unbound-method -- called with the `this` of its caller
    const { run } = Store.prototype;
    // A process that stands still between the link and the child.
    const running = vi.spyOn(Store.prototype, 'run').mockImplementation(async function (
      this: Store,
      ...call
    ) {
      const reply = await run.apply(this, call);
      if (call[0] === adopt) {
        linked.open();
        await canceled.opened;
      }
      return reply;
    });
    onTestFinished(() => running.mockRestore());
    const only = defineTask({
      name: 'only',
      run: async (_input, { enqueue }) => void (await enqueue(late, {}, { delayMs: 3_600_000 })),
    });
    await using tests = await TestTasks.start([only, late], { redis: freshSettings(shared) });
    await using store = new TestStore(tests.redis, 'default');
    const { id } = await tests.tasks.enqueue(only, {});
    await linked.opened;
    await tests.tasks.cancel(id);
    // As after a minute, in which nobody has seen the child.
    await store.redis.del(`${store.root}:outbox`);
    canceled.open();

    await tests.finished(id);
    const child = await vi.waitFor(async () => {
      const [child] = await idsOf(tests, id);
      expect(child).toBeDefined();
      return child ?? '';
    });
    expect(await tests.finished(child)).toMatchObject({ status: 'CANCELED' });
  });

  test('waits a minute for a child that was linked and is not there', async () => {
    await using tests = new TestStore(shared);
    const cascade = new Cascade(tests.store, noLanes(tests));
    await tests.create();
    await tests.present(1);
    const delivery = await tests.delivery();
    const id = createId('images');
    const link = { key: 'k', id, weight: 1 };
    expect(await linkChild(tests.store, delivery, link)).toMatchObject({ status: 'ADOPTED', id });
    await tests.store.cancel(delivery.task.id, { actor: 'ada' });
    expect(await linkChild(tests.store, delivery, { ...link, key: 'other' })).toEqual({
      status: 'CANCELING',
    });

    await cascade.work('images');
    await tests.create({ id, parent: delivery.task.id });
    await cascade.work('images');

    expect(await tests.task(id)).toMatchObject({ status: 'CANCELED', cancellation: { actor: 'ada' } });
    expect(await outbox(tests)).toEqual([]);
    // Another one, whose child never comes.
    await tests.succeed(delivery);
    await tests.create();
    const second = await tests.delivery();
    await linkChild(tests.store, second, { ...link, id: createId('images') });
    await tests.store.cancel(second.task.id, {});
    await cascade.work('images');
    expect(await outbox(tests)).toEqual([second.task.id]);
    await tests.redis.zadd(`${tests.root}:outbox`, Date.now() - 61_000, second.task.id);
    await cascade.work('images');
    expect(await outbox(tests)).toEqual([]);
  });

  test('leaves alone who is not its child, and the children of one that was retried meanwhile', async () => {
    await using tests = new TestStore(shared);
    const cascade = new Cascade(tests.store, noLanes(tests));
    await tests.create();
    await tests.present(1);
    const delivery = await tests.delivery();
    const { task: stranger } = await tests.create();
    const { task: own } = await tests.create({ parent: delivery.task.id });
    await linkChild(tests.store, delivery, { key: 'a', id: stranger.id, weight: 1 });
    await linkChild(tests.store, delivery, { key: 'b', id: own.id, weight: 1 });
    await tests.store.cancel(delivery.task.id, {});
    await tests.fail(delivery);
    await tests.store.retry(delivery.task.id);

    await cascade.work('images');
    expect(await tests.task(own.id)).toMatchObject({ status: 'QUEUED' });
    expect(await outbox(tests)).toEqual([]);

    await tests.store.cancel(delivery.task.id, {});
    await cascade.work('images');
    expect(await tests.task(own.id)).toMatchObject({ status: 'CANCELED' });
    expect(await tests.task(stranger.id)).toMatchObject({ status: 'QUEUED' });
  });

  test('of a link whose token is void links nothing, and a repeated one answers as before', async () => {
    await using tests = new TestStore(shared);
    await tests.create();
    const delivery = await tests.delivery();
    const link = { key: 'k', id: createId('images'), weight: 1 };

    await linkChild(tests.store, delivery, link);
    expect(await linkChild(tests.store, delivery, link)).toMatchObject({ status: 'ADOPTED', id: link.id });
    const other = { ...link, id: createId('images') };
    expect(await linkChild(tests.store, delivery, other)).toMatchObject({ status: 'KNOWN', id: link.id });
    const instead = { ...other, replaced: link.id };
    expect(await linkChild(tests.store, delivery, instead)).toMatchObject({
      status: 'ADOPTED',
      id: other.id,
    });
    expect(await linkChild(tests.store, delivery, instead)).toMatchObject({
      status: 'ADOPTED',
      id: other.id,
    });
    expect(await linkChild(tests.store, { ...delivery, token: 'void' }, link)).toEqual({ status: 'STALE' });
  });
});

/** The ids of a family once its last member runs. */
async function running(tests: TestTasks, id: string): Promise<string[]> {
  const family = await vi.waitFor(async () => {
    const children = await idsOf(tests, id);
    const grandchildren = await idsOf(tests, children[0] ?? '');
    expect([children.length, grandchildren.length]).toEqual([2, 1]);
    return [id, ...children, ...grandchildren];
  });
  await tests.reached(family.at(-1) ?? '', ({ status }) => status === 'RUNNING');
  return family;
}

async function idsOf({ tasks }: TestTasks, parent: string): Promise<string[]> {
  const { tasks: found } = await tasks.list({ filter: { parents: [parent] }, direction: 'ASC', limit: 10 });
  return found.map(({ task }) => task.id);
}

async function outbox({ redis, root }: TestStore): Promise<string[]> {
  return await redis.zrange(`${root}:outbox`, '0', '-1');
}

function noLanes({ redis }: TestStore): Lanes {
  return new Lanes({ prefix: 'none', redis, logger: testLogger });
}
