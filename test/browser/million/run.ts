import { randomUUID } from 'node:crypto';
import type { Tasks } from '../../../src/index.ts';
import { formatCursor } from '../../../src/tasks/list.ts';
import { fill } from './fill.ts';
import { untilAnswered } from './patience.ts';
import { type Memory, Stage } from './stage.ts';
import type { OnScreen, Shown, Tab } from './tab.ts';
import { sendReceipt } from './tasks.ts';

export interface MillionOptions {
  /** The programs. */
  readonly redisServer: string;
  readonly browser: string;
  readonly tasks: number;
  /** Fresh tabs that are opened. */
  readonly tabs: number;
  /** What is looked for in the list, as one types it there; each a filter of its own. */
  readonly searches: readonly string[];
  /** Hears what is about to be done. */
  readonly onStep?: (step: string) => void;
}

/** What a jump by the scroll bar came to. */
export interface Jump extends Shown {
  /** Where to: 0 is the head of the list, 1 its end. */
  readonly share: number;
  readonly rows: number;
  /** By how many rows the place that the page tells of its first row differs from the true one. */
  readonly off: number;
  /** Whether the rows are those that follow each other in the list. */
  readonly isInOrder: boolean;
}

/** What a filter came to. */
export interface Search extends Shown {
  readonly words: string;
  readonly rows: number;
  /** How many match, in the page's words. */
  readonly total: string;
  /** How long it took to count how many of them could be canceled, in ms, and what was asked then. */
  readonly countMs: number;
  readonly asked: string;
}

export interface MillionReport {
  /** As many as there were when they were looked at. */
  readonly tasks: number;
  readonly fillSeconds: number;
  /** What the store holds of them. */
  readonly storeBytes: number;
  readonly opened: readonly Shown[];
  /** By somebody who sees its own tasks alone. */
  readonly openedByOwner: Shown;
  /** In the document of a fresh tab. */
  readonly rows: number;
  readonly jumps: readonly Jump[];
  readonly searches: readonly Search[];
  readonly memory: {
    /** With hardly a task in the store. */
    readonly few: Memory;
    readonly before: Memory;
    /** After all jumps and filters. */
    readonly after: Memory;
  };
  /** From the call that enqueues a task to its row at the head of the list, in ms. */
  readonly newRowMs: readonly number[];
  /** While one looks at the middle: how long it took until the number of new tasks was told, in ms, and whether rows stayed where they were. */
  readonly whileAway: { readonly ms: number; readonly hasStayed: boolean };
  /** What pages wrote to their console as an error, or threw. */
  readonly problems: readonly string[];
}

/** Tasks of the store that a full one is compared with. */
const few = 200;

/** Fills a store of its own with tasks, and looks at them in the dashboard as a user does. */
export async function measureMillion(options: MillionOptions): Promise<MillionReport> {
  const { onStep = () => undefined } = options;
  await using stage = await Stage.open(options.redisServer, options.browser);
  const { tasks } = stage;
  const token = await stage.token('admin');
  await fill(tasks, few);
  const atFirst = await looked(stage, token);

  onStep(`enqueueing ${options.tasks} tasks`);
  const startedAt = performance.now();
  await fill(tasks, options.tasks - few);
  const fillSeconds = (performance.now() - startedAt) / 1000;
  const { count } = await untilAnswered(async () => await tasks.count());

  onStep('opening the page');
  const opened: Shown[] = [];
  for (let turn = 1; turn < options.tabs; turn += 1) {
    const { tab, shown } = await stage.open(token);
    opened.push(shown);
    await tab[Symbol.asyncDispose]();
  }
  const { tab, shown } = await stage.open(token);
  await using _tab = tab;
  opened.push(shown);
  const rows = await tab.rows();
  const before = await stage.memory(tab);

  onStep('jumping');
  const jumps: Jump[] = [];
  for (const share of [0.5, 1, 0.25, 0]) jumps.push(await jump(tasks, tab, share));
  const searches: Search[] = [];
  for (const words of options.searches) {
    onStep(`filtering by ${words}`);
    searches.push(await search(tab, words));
  }
  await tab.clear();
  const after = await stage.memory(tab);

  onStep('enqueueing more');
  const newRowMs: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) newRowMs.push(await newRow(tasks, tab));
  const whileAway = await comesWhileAway(tasks, tab);
  const { tab: own, shown: openedByOwner } = await stage.open(await stage.token('owner'));
  await own[Symbol.asyncDispose]();
  return {
    tasks: count,
    fillSeconds,
    storeBytes: await stage.storeBytes(),
    opened,
    openedByOwner,
    rows,
    jumps,
    searches,
    memory: { few: atFirst, before, after },
    newRowMs,
    whileAway,
    problems: stage.problems,
  };
}

/** What is held while somebody looks at the list, and has jumped about in it. */
async function looked(stage: Stage, token: string): Promise<Memory> {
  const { tab } = await stage.open(token);
  await using _tab = tab;
  await tab.jump(1);
  await tab.jump(0);
  return await stage.memory(tab);
}

async function jump(tasks: Tasks, tab: Tab, share: number): Promise<Jump> {
  const shown = await tab.jump(share);
  const seen = await tab.onScreen();
  return {
    share,
    ...shown,
    rows: await tab.rows(),
    ...(await untilAnswered(async () => await judge(tasks, seen))),
  };
}

/** Compares what is on the screen with the list itself. */
async function judge(tasks: Tasks, { ids, place }: OnScreen): Promise<Pick<Jump, 'off' | 'isInOrder'>> {
  const [first] = ids;
  const top = first === undefined ? undefined : await tasks.get(first);
  if (top === undefined) return { off: NaN, isInOrder: false };
  const ms = Math.floor(top.createdUs / 1000);
  // Filters know milliseconds; in one there may have come many.
  const newest = (await tasks.count({ createdAfter: ms + 1 })).count;
  const oldest = (await tasks.count({ createdAfter: ms })).count - 1;
  const off = Math.max(newest - place, place - oldest, 0);
  const page = await tasks.list({
    direction: 'DESC',
    limit: Math.max(1, ids.length - 1),
    after: formatCursor({ time: String(top.createdUs), id: top.id }),
  });
  const following = page.tasks.map(({ task }) => task.id).slice(0, ids.length - 1);
  return { off, isInOrder: following.join() === ids.slice(1).join() };
}

async function search(tab: Tab, words: string): Promise<Search> {
  const shown = await tab.filter(words);
  const [rows, total] = [await tab.rows(), await tab.total()];
  const { ms, asked } = await tab.dryRun('Cancel');
  return { words, ...shown, rows, total, countMs: ms, asked };
}

async function newRow(tasks: Tasks, tab: Tab): Promise<number> {
  const startedAt = performance.now();
  const options = { idempotencyKey: randomUUID() };
  const { id } = await untilAnswered(async () => await tasks.enqueue(sendReceipt, { order: 1 }, options));
  await tab.sees(id);
  return performance.now() - startedAt;
}

async function comesWhileAway(tasks: Tasks, tab: Tab): Promise<MillionReport['whileAway']> {
  await tab.jump(0.5);
  const before = await tab.onScreen();
  const startedAt = performance.now();
  const inputs = Array.from({ length: 300 }, (_, order) => ({ order }));
  // Whoever asks again has still enqueued them once.
  const options = { idempotencyKey: randomUUID() };
  await untilAnswered(async () => await tasks.enqueueBatch(sendReceipt, inputs, options));
  // Those before it may not have been counted yet when one looked away.
  await tab.says(/\b([3-9]\d\d|[\d,]{5,}) new tasks/);
  const ms = performance.now() - startedAt;
  const after = await tab.onScreen();
  return { ms, hasStayed: before.ids.join() === after.ids.join() };
}
