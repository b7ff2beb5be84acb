import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { sweepAfterMs } from '../../src/tasks/scripts/bounds.ts';
import { isFinal, taskStatuses, type TaskStatus } from '../../src/tasks/task.ts';
import type { TestStore } from './store.ts';

/** A record as it lies in Redis. */
type TestRecord = Readonly<Record<string, string>>;

/** Everything of a queue that must agree, read in one go. */
export interface Snapshot {
  readonly records: ReadonlyMap<string, TestRecord>;
  /** Sorted sets, by their name below the root. */
  readonly sets: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly hashes: ReadonlyMap<string, TestRecord>;
}

/** Reads a queue whose tasks, definitions and workers are known. */
export async function readQueue(
  tests: TestStore,
  known: {
    readonly ids: readonly string[];
    readonly names: readonly string[];
    readonly workers: readonly string[];
  },
): Promise<Snapshot> {
  const lines = known.names.flatMap((name) => [`${name}:v1`, `${name}:v1!1`, `${name}:v1!2`]);
  const setNames = [
    ...lines.map((line) => `backlog:${line}`),
    ...known.names.flatMap((name) => [
      `index:${name}`,
      ...taskStatuses.map((status) => `index:${name}:${status}`),
    ]),
    'heads',
    'due',
    'hints',
    'removals',
    'workers',
  ];
  const hashNames = [
    ...known.workers.flatMap((worker) => [`runs:${worker}`, `suspects:${worker}`]),
    'waiting',
  ];
  const policies = await tests.redis.hgetall(`${tests.root}:policies`);
  const pipeline = tests.redis.pipeline();
  for (const name of setNames) pipeline.zrange(`${tests.root}:${name}`, '0', '-1', 'WITHSCORES');
  for (const name of hashNames) pipeline.hgetall(`${tests.root}:${name}`);
  for (const id of known.ids) pipeline.hgetall(`${tests.root}:task:${id}`);
  const replies = ((await pipeline.exec()) ?? []).map(([, value]) => value);
  const sets = new Map(setNames.map((name, index) => [name, scores(replies[index] as string[])]));
  // What HGETALL answers, in the order in which it was asked.
  const found = replies.slice(setNames.length).map((hash) => Object.assign({}, hash) as TestRecord);
  const recordOf = (place: number): TestRecord => {
    const { policy, ...record } = found[hashNames.length + place] ?? {};
    return policy === undefined ? record : { ...record, policy: policies[policy] ?? '' };
  };
  return {
    sets,
    hashes: new Map(hashNames.map((name, index) => [name, found[index] ?? {}])),
    records: new Map(known.ids.map((id, index) => [id, recordOf(index)])),
  };
}

/** What holds after every script, whatever happened before. */
export function expectAgreement({ records, sets, hashes }: Snapshot): void {
  const expected = new Map<string, Map<string, number>>([...sets.keys()].map((name) => [name, new Map()]));
  const runs = new Map<string, TestRecord>([...hashes.keys()].map((name) => [name, {}]));
  runs.set('waiting', waitingByOwner([...records.values()]));
  for (const [id, record] of records) {
    const { name = '', created, token = '', worker = '', suspect } = record;
    const status = record['status'] as TaskStatus;
    const put = (set: string, score: number): unknown => expected.get(set)?.set(id, score);
    put(`index:${name}`, Number(created));
    put(`index:${name}:${status}`, Number(created));
    const clock = clockOf(record);
    if (clock !== undefined) put('due', clock);
    expectSame({ id, status, clock: record['clock'] }, { id, status, clock: clock?.toFixed(0) });
    if (status === 'QUEUED') put(`backlog:${lineOf(record)}`, Number(created));
    if (isFinal(status)) put('removals', sets.get('removals')?.get(id) ?? Number.NaN);
    if (status === 'RUNNING' || status === 'CANCELING') {
      Object.assign(runs.get(`runs:${worker}`) ?? {}, { [token]: id });
      if (suspect !== undefined) Object.assign(runs.get(`suspects:${worker}`) ?? {}, { [token]: suspect });
    } else {
      expectSame({ id, token, worker }, { id, token: '', worker: '' });
    }
  }
  for (const [name, waiting] of expected) {
    if (!name.startsWith('backlog:') || waiting.size === 0) continue;
    expected.get('heads')?.set(name.slice('backlog:'.length), Math.min(...waiting.values()));
  }
  for (const own of ['hints', 'workers']) expected.set(own, new Map(sets.get(own)));
  expectSame(sets, expected);
  expectSame(hashes, runs);
}

/** How many tasks of each owner should count as waiting, who isn't `anonymous`. */
function waitingByOwner(records: readonly TestRecord[]): TestRecord {
  const waiting = records.filter(
    ({ status, owner }) => (status === 'QUEUED' || status === 'SCHEDULED') && owner !== '"anonymous"',
  );
  const groups = Map.groupBy(waiting, ({ owner = '' }) => owner);
  return Object.fromEntries([...groups].map(([owner, { length }]) => [owner, String(length)]));
}

/** As `toEqual`, which is slow; it only says what differs. */
export function expectSame(found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) expect(found).toEqual(expected);
}

function lineOf({ name, definition, suspect }: TestRecord): string {
  return `${name}:${definition}${suspect === undefined ? '' : `!${suspect}`}`;
}

/** When time does something to a record by itself. */
function clockOf(record: TestRecord): number | undefined {
  const status = record['status'] as TaskStatus;
  if (isFinal(status)) return undefined;
  const { graceMs } = JSON.parse(record['policy'] ?? '') as { graceMs: number };
  const asked = /"requestedAt":(\d+)/.exec(record['cancellation'] ?? '')?.[1];
  const ending = [record['timeoutAt'], asked].map((time) => time && Number(time) + graceMs + sweepAfterMs);
  const waiting = [record['due'], record['expiresAt'], record['deadlineAt']];
  const times = status === 'RUNNING' || status === 'CANCELING' ? ending : waiting;
  const set = times.filter((time) => time !== undefined && time !== '').map(Number);
  return set.length > 0 ? Math.min(...set) : undefined;
}

function scores(values: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (let index = 0; index < values.length; index += 2)
    found.set(values[index] ?? '', Number(values[index + 1]));
  return found;
}
