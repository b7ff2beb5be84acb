import { expect } from 'vitest';
import type { Delivery } from '../../src/tasks/delivery.ts';
import { expectSame } from './invariants.ts';
import { firstOf, lineOf, LimitsOracle, runs, type OracleTask, type OracleWorker } from './limits-oracle.ts';
import { TestStore } from './store.ts';
import type { SharedStore } from './stores.ts';

export const keyedName = 'keyed';
export const names: readonly string[] = [keyedName, 'plain', 'free'];
export const versions: readonly string[] = ['v1', 'v2'];
/** Keys are whatever a definition makes of its input. */
export const keys: readonly string[] = ['', 'a', 'b@b:v1!1=2 \n\u0000{é}'];

const allLines = names.flatMap((name) =>
  versions.flatMap((version) => ['', '!1', '!2'].map((suspect) => `${name}:${version}${suspect}`)),
);
const keyedLines = allLines.filter((line) => line.startsWith(keyedName)).map((line) => `${line}@`);

/** What a queue holds, read at once: the records, and what the scripts keep of them. */
interface Look {
  readonly tasks: readonly OracleTask[];
  readonly heads: ReadonlyMap<string, number>;
  readonly blocked: ReadonlyMap<string, number>;
  /** Definitions whose keys the clocks look at again. */
  readonly relook: Readonly<Record<string, string>>;
  readonly backlogs: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly rings: ReadonlyMap<string, readonly string[]>;
  readonly waiters: ReadonlyMap<string, readonly string[]>;
  readonly slots: ReadonlyMap<string, readonly string[]>;
  readonly local: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly idle: readonly string[];
  readonly leases: ReadonlyMap<string, number>;
  readonly hints: number;
}

/** A queue with limits beside what the rules say of it. */
export class LimitsQueue implements AsyncDisposable {
  readonly tests: TestStore;
  readonly oracle: LimitsOracle = new LimitsOracle();
  readonly ids: string[] = [];
  readonly deliveries: { readonly delivery: Delivery; readonly worker: OracleWorker }[] = [];
  readonly workers: readonly OracleWorker[] = [
    { worker: 'w1', lines: ['keyed:v1', 'plain:v1=1', 'free:v1'], slots: 3 },
    { worker: 'w2', lines: ['keyed:v2', 'plain:v2'], slots: 2 },
    { worker: 'w3', lines: ['keyed:v1=1', 'plain:v1', 'free:v2=1'], slots: 4 },
  ];
  /** For each key of a line that could start: how often each other key had its turn meanwhile. */
  readonly #turns: Map<string, Map<string, number>> = new Map();

  private constructor(shared: SharedStore) {
    this.tests = new TestStore(shared);
  }

  static async open(shared: SharedStore): Promise<LimitsQueue> {
    const queue = new LimitsQueue(shared);
    for (const worker of queue.workers) await queue.tests.present(worker.slots, worker);
    return queue;
  }

  /** Does something, then looks whether everything agrees. */
  async step(act: () => Promise<void>): Promise<void> {
    await act();
    const look = await this.look();
    this.#expectAgreement(look);
    for (const line of keyedLines)
      for (const key of keys) if (!this.#hasTurn(look, line, key)) this.#turns.delete(line + key);
  }

  /** A slot asks: it is handed the first in order of what the rules let start, and nothing only if there is nothing. */
  async begin(worker: OracleWorker, token = this.tests.token()): Promise<Delivery | undefined> {
    const before = await this.look();
    const expected = this.#next(before, worker);
    const [id = 'none'] = await this.tests.redis.zrange(`${this.tests.root}:hints`, '0', '0');
    const ask = async () =>
      await this.tests
        .deliveries(worker)
        .begin(token, { hint: token, id }, { wake: true, takeSuspect: true });
    const { delivery } = await ask();
    expectSame(
      { worker: worker.worker, begun: delivery?.task.id },
      { worker: worker.worker, begun: expected?.id },
    );
    if (delivery === undefined || expected === undefined) return undefined;
    this.#noteTurn(before, expected);
    this.oracle.started(expected);
    this.deliveries.push({ delivery, worker });
    // Asked again, as after a connection that broke, it says the same and starts nothing more.
    expectSame((await ask()).delivery?.task.id, expected.id);
    return delivery;
  }

  /** What an outcome's script handed to its slot was allowed, and in order; nothing only where there was nothing. */
  async tookNext(before: Look, worker: OracleWorker, delivery: Delivery | undefined): Promise<void> {
    const after = await this.look();
    if (delivery === undefined) {
      expectSame(
        after.tasks.filter((task) => this.oracle.mayStart(task, worker, after.tasks)),
        [],
      );
      return;
    }
    const begun = after.tasks.find(({ id }) => id === delivery.task.id);
    if (begun === undefined) throw new Error('expected what has begun to be there');
    const waiting = { ...begun, status: 'QUEUED', worker: undefined, token: undefined };
    const others = after.tasks.map((task) => (task.id === begun.id ? waiting : task));
    expectSame(this.oracle.mayStart(waiting, worker, others), true);
    const place = others.filter(
      (task) => task.status === 'QUEUED' && lineOf(task) === lineOf(waiting) && task.key === waiting.key,
    );
    expectSame(firstOf(place)?.id, begun.id);
    this.#noteTurn(before, waiting);
    this.oracle.started(waiting);
    this.deliveries.push({ delivery, worker });
  }

  async look(): Promise<Look> {
    const { redis, root } = this.tests;
    const pipeline = redis.pipeline();
    const backlogs = [...allLines, ...keyedLines.flatMap((line) => keys.map((key) => line + key))];
    const limits = keys.map((key) => `${keyedName}@${key}`);
    for (const id of this.ids) pipeline.hgetall(`${root}:task:${id}`);
    for (const name of ['heads', 'blocked', 'workers'])
      pipeline.zrange(`${root}:${name}`, '0', '-1', 'WITHSCORES');
    for (const name of backlogs) pipeline.zrange(`${root}:backlog:${name}`, '0', '-1', 'WITHSCORES');
    for (const line of keyedLines) pipeline.zrange(`${root}:ring:${line}`, '0', '-1');
    for (const limit of limits) pipeline.smembers(`${root}:waiters:${limit}`);
    for (const limit of limits) pipeline.smembers(`${root}:slots:${limit}`);
    for (const { worker } of this.workers) pipeline.hgetall(`${root}:local:${worker}`);
    pipeline.smembers(`${root}:idle`);
    pipeline.zcard(`${root}:hints`);
    pipeline.hgetall(`${root}:relook`);
    const replies = ((await pipeline.exec()) ?? []).map(([, reply]) => reply);
    // In the order in which it was asked, each as its command answers.
    const take = <Reply>(count: number) => replies.splice(0, count) as Reply[];
    const records = take<Record<string, string>>(this.ids.length);
    const [heads = [], blocked = [], leases = []] = take<string[]>(3);
    const lists = take<string[]>(backlogs.length);
    const rings = take<string[]>(keyedLines.length);
    const waiters = take<string[]>(limits.length);
    const slots = take<string[]>(limits.length);
    const local = take<Record<string, string>>(this.workers.length);
    const [idle = []] = take<string[]>(1);
    const [hints = 0] = take<number>(1);
    const [relook = {}] = take<Record<string, string>>(1);
    return {
      tasks: this.ids.map((id, index) => oracleTask(id, records[index] ?? {})),
      heads: scores(heads),
      blocked: scores(blocked),
      relook,
      leases: scores(leases),
      backlogs: new Map(backlogs.map((name, index) => [name, scores(lists[index] ?? [])])),
      rings: new Map(keyedLines.map((line, index) => [line, rings[index] ?? []])),
      waiters: new Map(limits.map((limit, index) => [limit, waiters[index] ?? []])),
      slots: new Map(limits.map((limit, index) => [limit, slots[index] ?? []])),
      local: new Map(this.workers.map(({ worker }, index) => [worker, local[index] ?? {}])),
      idle,
      hints,
    };
  }

  /** All limits and pauses are gone, and everything is worked off: nothing is left behind. */
  async expectDrained(): Promise<void> {
    const { tests } = this;
    const server = { worker: 'w9', lines: names.flatMap((name) => versions.map((at) => `${name}:${at}`)) };
    for (const { worker } of this.workers) await tests.deliveries({ worker, lines: [] }).leave();
    await tests.present(1, server);
    for (let round = 0; round < 3; round += 1) {
      for (const id of await tests.redis.zrange(`${tests.root}:due`, '0', '-1'))
        await tests.pass(id, 48 * 3_600_000);
      await tests.tick();
      for (;;) {
        const { delivery } = await tests.begin(server);
        if (delivery === undefined) break;
        await tests.succeed(delivery, undefined, '{}', server);
      }
    }
    const { tasks, heads, blocked, backlogs, rings, waiters, slots } = await this.look();
    const open = tasks.filter(({ status }) => !/SUCCEEDED|FAILED|CANCELED/.test(status));
    const left = [backlogs, rings, waiters, slots].flatMap((found) =>
      [...found].filter(([, of]) => [...of].length > 0),
    );
    expectSame({ open, left, heads, blocked }, { open: [], left: [], heads: new Map(), blocked: new Map() });
    await tests.store.unheld(tests.queue, await tests.redis.hkeys(`${tests.root}:held`));
    expect(await tests.store.orphans(tests.queue)).toEqual({});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tests[Symbol.asyncDispose]();
  }

  /** By the lines' heads and the turns of keys: what the rules let start and comes first. */
  #next({ tasks, heads, rings }: Look, worker: OracleWorker): OracleTask | undefined {
    const claimable = tasks.filter((task) => this.oracle.mayStart(task, worker, tasks));
    const lines = [...heads].toSorted(([a, at], [b, bt]) => at - bt || (a < b ? -1 : 1));
    for (const [line] of lines) {
      const own = claimable.filter((task) => lineOf(task) === line);
      if (!line.endsWith('@') && own.length > 0) return firstOf(own);
      for (const key of rings.get(line) ?? []) {
        const first = firstOf(own.filter((task) => task.key === key));
        if (first !== undefined) return first;
      }
    }
    // Whatever the lists say: something that may start is never left lying.
    return firstOf(claimable);
  }

  /** Between two turns of a key that could start one all the while each other key has at most one. */
  #noteTurn(look: Look, served: OracleTask): void {
    const line = lineOf(served);
    if (served.key === undefined) return;
    for (const key of keys) {
      const place = `${line}${key}`;
      if (key === served.key || !this.#hasTurn(look, line, key)) {
        this.#turns.delete(place);
        continue;
      }
      const turns = this.#turns.get(place) ?? new Map<string, number>();
      turns.set(served.key, (turns.get(served.key) ?? 0) + 1);
      this.#turns.set(place, turns);
      expect(turns.get(served.key)).toBe(1);
    }
  }

  #hasTurn({ tasks, rings }: Look, line: string, key: string): boolean {
    return rings.get(line)?.includes(key) === true && this.oracle.hasKeyRoom(keyedName, key, tasks);
  }

  #expectAgreement(look: Look): void {
    const { tasks, heads, blocked, relook, backlogs, rings, waiters, slots, local, idle, leases, hints } =
      look;
    const waiting = tasks.filter(({ status }) => status === 'QUEUED');
    const held = tasks.filter((task) => runs(task));
    const isHere = (worker: string): boolean => (leases.get(worker) ?? 0) > Date.now();
    for (const [place, ids] of backlogs) {
      const own = waiting.filter((task) => lineOf(task) + (task.key ?? '') === place);
      expectSame([place, ids], [place, new Map(inOrder(own).map(({ id, order }) => [id, order]))]);
    }
    for (const [limit, ids] of slots) {
      const own = held.filter(({ name, key }) => key !== undefined && `${name}@${key}` === limit);
      expectSame([limit, ids.toSorted()], [limit, own.map(({ id }) => id).toSorted()]);
    }
    // A key's tasks wait in their turn, or at their limit: one of the two.
    const awaited = keyedName in relook || [...blocked].some(([, at]) => at <= Date.now());
    for (const line of keyedLines) {
      for (const key of keys) {
        const limit = `${keyedName}@${key}`;
        const inRing = rings.get(line)?.includes(key) === true;
        const atLimit = blocked.has(limit) && waiters.get(limit)?.includes(line) === true;
        const waits = (backlogs.get(line + key)?.size ?? 0) > 0;
        expectSame({ line, key, waits, inRing: inRing && atLimit }, { line, key, waits, inRing: false });
        if (waits) expectSame({ line, key, found: inRing || atLimit }, { line, key, found: true });
        if (!inRing && waits && !awaited)
          expectSame(
            { line, key, room: this.oracle.hasKeyRoom(keyedName, key, tasks) },
            { line, key, room: false },
          );
        if (inRing && !waits) expectSame({ line, key, inRing }, { line, key, inRing: false });
      }
    }
    const expected = new Map<string, number>();
    for (const line of allLines) {
      const first = firstOf(waiting.filter((task) => lineOf(task) === line));
      if (first !== undefined) expected.set(line, first.order);
    }
    for (const [line, [turn]] of rings) {
      if (turn === undefined) continue;
      const first = firstOf(waiting.filter((task) => lineOf(task) === line && task.key === turn));
      if (first !== undefined) expected.set(line, first.order);
    }
    expectSame(heads, expected);
    for (const { worker, lines, slots } of this.workers) {
      const own = held.filter((task) => task.worker === worker);
      for (const line of lines.filter((line) => line.includes('='))) {
        const [name = ''] = line.split(':', 1);
        const count = own.filter((task) => task.name === name).length;
        expectSame([worker, name, Number(local.get(worker)?.[name] ?? 0)], [worker, name, count]);
      }
      if (!isHere(worker) || own.length >= slots) continue;
      expectSame([worker, idle.includes(worker)], [worker, true]);
    }
    // With nobody looking once a second: whenever an idle slot could take something, a hint is under way.
    const isStuck = this.workers.some(
      (worker) =>
        isHere(worker.worker) &&
        held.filter((task) => task.worker === worker.worker).length < worker.slots &&
        waiting.some((task) => this.oracle.mayStart(task, worker, tasks)),
    );
    if (isStuck && !awaited) expect(hints).toBeGreaterThan(0);
  }
}

function oracleTask(id: string, record: Readonly<Record<string, string>>): OracleTask {
  const {
    name = '',
    definition = '',
    status = '',
    ties,
    suspect,
    worker,
    token,
    runAt,
    created,
    priority,
  } = record;
  const start = runAt === undefined ? Number(created) : Number(runAt) * 1_000;
  return {
    id,
    name,
    version: definition,
    status,
    // As the scripts write it.
    key: ties === undefined ? undefined : (JSON.parse(ties) as { limitKey?: string }).limitKey,
    suspect: suspect === undefined ? undefined : Number(suspect),
    worker,
    token,
    order: start - Number(priority ?? 0) * 1_000_000,
  };
}

function inOrder(tasks: readonly OracleTask[]): OracleTask[] {
  return tasks.toSorted((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
}

function scores(values: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (let index = 0; index < values.length; index += 2)
    found.set(values[index] ?? '', Number(values[index + 1]));
  return found;
}
