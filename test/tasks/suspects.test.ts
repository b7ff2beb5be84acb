import { describe, expect, test } from 'vitest';
import type { Delivery, Server } from '../../src/tasks/delivery.ts';
import { TestStore, w1, w2 } from '../support/store.ts';
import { sharedStores } from '../support/stores.ts';

describe.each(sharedStores)('a task that kills its worker, in $name,', (shared) => {
  test('ends as lost after few deaths, and none of its 49 neighbours is charged', async () => {
    await using tests = new TestStore(shared);
    const ids = await create(tests, 50);
    // In the middle, so that neighbours go before it and after it.
    const poison = ids[25] ?? '';
    let deaths = 0;
    while ((await tests.task(poison)).status !== 'FAILED') {
      const held = await fill(tests, w1, 50);
      if (held.some(({ task }) => task.id === poison)) {
        await die(tests, w1);
        deaths += 1;
      } else {
        for (const delivery of held) await tests.succeed(delivery);
      }
    }

    expect(deaths).toBeLessThan(8);
    expect(await tests.task(poison)).toMatchObject({ failure: { code: 'WORKER_LOST', retryable: false } });
    const neighbours = ids.filter((id) => id !== poison);
    const records = await Promise.all(
      neighbours.map((id) => tests.redis.hgetall(`${tests.root}:task:${id}`)),
    );
    expect(records.filter(({ lost }) => lost !== undefined)).toEqual([]);
    while ((await succeedAll(tests, w2)) > 0);
    const states = await tests.store.getMany(neighbours);
    expect(states.map((state) => state?.status)).toEqual(neighbours.map(() => 'SUCCEEDED'));
  });

  test('is charged each time that it was alone there', async () => {
    await using tests = new TestStore(shared);
    const [id = ''] = await create(tests, 1);
    for (const lost of ['1', '2', '3', '4']) {
      await fill(tests, w1, 50);
      await die(tests, w1);
      expect(await tests.redis.hget(`${tests.root}:task:${id}`, 'lost')).toBe(lost);
    }

    expect(await tests.task(id)).toMatchObject({ status: 'FAILED', failure: { code: 'WORKER_LOST' } });
  });

  test('is not charged for a neighbour in another queue of its process, but suspected', async () => {
    await using tests = new TestStore(shared);
    const [id = ''] = await create(tests, 1);
    await tests.present(1);
    await tests.begin();
    await tests.deliveries().renew({ ...presence, beside: 3 }, ['token1']);
    await die(tests, w1);

    expect(await told(tests, id)).toEqual([null, '1']);
    // It is kept from a process that runs a suspect of another queue.
    await tests.present(1, w2);
    const elsewhere = { wake: true, takeSuspect: false };
    const { delivery } = await tests.deliveries(w2).begin('t', { hint: 'h', id }, elsewhere);
    expect(delivery).toBeUndefined();
    expect((await tests.begin(w2)).delivery).toMatchObject({ task: { id }, isSuspect: true });
  });

  test('by holding up its process has nobody beside it charged', async () => {
    await using tests = new TestStore(shared);
    const [innocent = ''] = await create(tests, 1);
    const { task: guilty } = await tests.create({ policy: { timeoutMs: 60_000, initialMs: 0 } });
    await fill(tests, w1, 2);
    // Frozen, it can't end the attempt itself, so that the clock does; then its lease runs out.
    await tests.pass(guilty.id, 120_000);
    await tests.tick();
    await die(tests, w1);

    expect(await tests.task(guilty.id)).toMatchObject({ attempts: [{ outcome: 'TIMED_OUT' }] });
    expect(await tests.task(innocent)).toMatchObject({ attempts: [{ outcome: 'SUPERSEDED' }] });
    expect(await told(tests, innocent)).toEqual([null, null]);
  });

  test('is charged when it was the only suspect there; those beside it are not even suspects', async () => {
    await using tests = new TestStore(shared);
    const [suspect = ''] = await create(tests, 1);
    await fill(tests, w1, 1);
    await die(tests, w1);
    const others = await create(tests, 5);

    expect(await fill(tests, w1, 50)).toHaveLength(6);
    await die(tests, w1);

    expect(await told(tests, suspect)).toEqual(['2', '1']);
    for (const id of others) expect(await told(tests, id)).toEqual([null, null]);
  });

  test('runs beside at most a quarter of those that may have done it', async () => {
    await using tests = new TestStore(shared);
    await create(tests, 10);
    await fill(tests, w1, 10);
    const { hints } = await die(tests, w1, w2, 10);
    expect(hints).toHaveLength(2);

    const held = await fill(tests, w2, 10);

    expect(held).toHaveLength(2);
    // A slot that ends one goes on with the next; one that was given back stays a suspect.
    const next = await tests.succeed(first(held), tests.token(), '{}', w2);
    expect(next.delivery).toBeDefined();
    expect((await tests.begin(w2)).delivery).toBeUndefined();
    await tests.finish(first(held.slice(1)), { outcome: 'SUPERSEDED' }, undefined, w2);
    expect((await tests.begin(w2)).delivery).toBeDefined();
    expect((await tests.begin(w2)).delivery).toBeUndefined();
    // Others run beside them as ever, in this worker or another.
    await create(tests, 3);
    expect(await fill(tests, w2, 10)).toHaveLength(3);
    expect(await fill(tests, { ...w1, worker: 'w4' }, 10)).toHaveLength(2);
  });

  test('is no suspect any more once it has ended by itself', async () => {
    await using tests = new TestStore(shared);
    const [id = ''] = await create(tests, 1, { initialMs: 0 });
    await fill(tests, w1, 1);
    await die(tests, w1);
    expect(await told(tests, id)).toEqual(['1', '1']);

    await tests.fail(first(await fill(tests, w1, 1)));

    expect(await told(tests, id)).toEqual(['1', null]);
    expect(await tests.redis.hlen(`${tests.root}:suspects:w1`)).toBe(0);
  });

  test('wakes nobody while no slot may take a suspect', async () => {
    await using tests = new TestStore(shared);
    await create(tests, 3);
    await fill(tests, w1, 3);
    expect((await die(tests, w1, w2, 3)).hints).toHaveLength(1);
    const { token } = first(await fill(tests, w2, 3));

    expect((await tests.tick()).hints).toEqual([]);
    expect((await tests.begin(w2)).hints).toEqual([]);
    expect((await tests.present(3, w2, [token])).hints).toEqual([]);
  });

  test('gets one verdict together with more neighbours than one look of the clock takes back', async () => {
    await using tests = new TestStore(shared);
    await create(tests, 130);
    expect(await fill(tests, w1, 130)).toHaveLength(130);
    await tests.expire('w1');

    const lost = [(await tests.tick()).lost.length, (await tests.tick()).lost.length];

    expect(lost).toEqual([100, 30]);
    expect(await tests.redis.zrange(`${tests.root}:heads`, '0', '-1')).toEqual(['resize:v1!32']);
    expect(await tests.redis.exists(`${tests.root}:runs:w1`, `${tests.root}:worker:w1`)).toBe(0);
  });

  test.each(['ends', 'renews'])(
    'leaves no trace at a worker that %s when its record is gone',
    async (how) => {
      await using tests = new TestStore(shared);
      const [id = ''] = await create(tests, 1);
      await fill(tests, w1, 1);
      await die(tests, w1);
      const delivery = first(await fill(tests, w2, 1));
      await tests.vanish(id);

      if (how === 'ends') await tests.succeed(delivery, undefined, '{}', w2);
      else await tests.present(1, w2, [delivery.token]);

      expect(await tests.redis.exists(`${tests.root}:runs:w2`, `${tests.root}:suspects:w2`)).toBe(0);
    },
  );
});

async function create(tests: TestStore, count: number, policy = {}): Promise<string[]> {
  const created = await Promise.all(Array.from({ length: count }, () => tests.create({ policy })));
  return created.map(({ task }) => task.id);
}

/** A worker takes whatever it gets, up to so many. */
async function fill(tests: TestStore, server: Server, slots: number): Promise<Delivery[]> {
  const { length: before } = await tests.redis.hkeys(`${tests.root}:runs:${server.worker}`);
  if (before === 0) await tests.present(slots, server);
  const held: Delivery[] = [];
  while (before + held.length < slots) {
    const { delivery } = await tests.begin(server);
    if (delivery === undefined) break;
    held.push(delivery);
  }
  return held;
}

const presence = {
  leaseMs: 60_000,
  slots: 1,
  host: 'test',
  pid: 1,
  version: 'test',
  clockMs: Date.now(),
  ageMs: 0,
  load: undefined,
  memoryBytes: 0,
  drain: undefined,
};

/** A worker dies, perhaps while another one has slots. */
async function die(tests: TestStore, server: Server, other = server, slots = 0) {
  if (slots > 0) await tests.present(slots, other);
  await tests.expire(server.worker);
  return await tests.tick();
}

async function succeedAll(tests: TestStore, server: Server): Promise<number> {
  const held = await fill(tests, server, 50);
  for (const delivery of held) await tests.succeed(delivery, undefined, '{}', server);
  return held.length;
}

/** What a record says of deaths: those it is charged with, and how many suspects may run beside each other. */
async function told(tests: TestStore, id: string): Promise<(string | null)[]> {
  return await tests.redis.hmget(`${tests.root}:task:${id}`, 'lost', 'suspect');
}

function first(deliveries: readonly Delivery[]): Delivery {
  const [delivery] = deliveries;
  if (delivery === undefined) throw new Error('expected a delivery');
  return delivery;
}
