import { inspect } from '../../src/tasks/scripts/inspect.ts';
import { mend } from '../../src/tasks/scripts/mend.ts';
import type { StoreFilter } from '../../src/tasks/store-filter.ts';
import { countOfQueue, pageOfQueue } from '../../src/tasks/store-list.ts';
import type { BenchQueue } from './backlog-queue.ts';

/** What a call takes: Redis for its scripts, and the caller until the answer, in µs. */
export interface Times {
  readonly serverUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

export interface CallCost extends Times {
  readonly what: string;
  readonly isBounded: boolean;
}

/** How often each call is made in a row, and how often one that takes long. */
const calls = 20;
const longCalls = 2;

/** Makes every kind of call some times. */
export async function measureCalls(queue: BenchQueue): Promise<CallCost[]> {
  const costs: CallCost[] = [];
  const measure = async (what: string, call: () => Promise<unknown>, isBounded = false): Promise<void> => {
    costs.push({ what, isBounded, ...(await timesOf(queue, call, isBounded ? longCalls : calls)) });
  };
  const { store, rules, name } = queue;
  const definition = queue.definition.name;
  const by = { reason: 'measured' };
  const page = (filter: StoreFilter) => () => pageOfQueue(store, name, filter, 'DESC', 20, undefined);
  const count = (filter: StoreFilter) => () => countOfQueue(store, name, filter);

  await measure('enqueue', () => queue.enqueue());
  // As many as these take, so that no queue becomes emptier.
  await queue.add(calls);
  await measure('finish and take the next', () => queue.finishAndGoOn());
  await measure('finish, then begin', () => queue.finishAndBegin());
  await queue.add(calls);
  await measure('cancel', () => queue.cancel());
  await measure('pause and resume the queue', async () => {
    await rules.pause(name, undefined, by);
    await rules.resume(name, undefined);
  });
  await measure('pause and resume a definition', async () => {
    await rules.pause(name, definition, by);
    await rules.resume(name, definition);
  });
  await measure('list', page({}));
  await measure('list by status', page({ statuses: ['QUEUED'] }));
  await measure('list by tag', page({ tags: ['archive'] }));
  await measure('list by owner', page({ owners: ['anna'] }));
  await measure('count all', count({}));
  await measure('count by status', count({ names: [definition], statuses: ['QUEUED', 'SCHEDULED'] }));
  await measure('count by tag', count({ tags: ['archive'] }));
  await measure('purge, dry run', () => rules.purge(name, undefined, { dryRun: true }));
  await measure('tick', () => store.tick(name, { leaseMs: 15_000, since: Date.now(), last: Date.now() }));
  await measure('look at the queue', () => store.run(inspect, name, []), true);
  await measure('list by an owner who has none', page({ owners: ['nobody'] }), true);
  await measure(
    'mend',
    async () => {
      await queue.redis.del(`${store.root(name)}:mending:pause`);
      await store.run(mend, name, [1_000]);
    },
    true,
  );
  return costs;
}

async function timesOf({ redis }: BenchQueue, call: () => Promise<unknown>, count: number): Promise<Times> {
  await redis.config('RESETSTAT');
  const times: number[] = [];
  for (let number = 0; number < count; number += 1) {
    const startedAt = performance.now();
    await call();
    times.push((performance.now() - startedAt) * 1_000);
  }
  const stats = await redis.info('commandstats');
  const serverUs = Number(/cmdstat_fcall:calls=\d+,usec=(\d+)/.exec(stats)?.[1]) / count;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(count - 1, Math.floor(count * part))] ?? NaN;
  return { serverUs, p50Us: at(0.5), p99Us: at(0.99) };
}
