import { isFinal, type Task } from '../../src/tasks/task.ts';
import type { Played } from './act.ts';
import { Ledger } from './ledger.ts';
import type { Load } from './load.ts';
import type { Act } from './options.ts';
import type { Stage } from './stage.ts';
import type { Watchers } from './watchers.ts';
import { speakerOf } from './words.ts';

/** One line of the table. */
export interface Figure {
  readonly what: string;
  readonly count: number;
  /** True where anything but 0 breaks a promise. */
  readonly mustBeZero: boolean;
  /** The first that were found. */
  readonly examples: readonly string[];
}

/** How far the offences of earlier acts go; an act answers for its own. */
export interface Mark {
  readonly ends: number;
  readonly versions: number;
  readonly stale: number;
  readonly watchers: number;
  readonly ids: ReadonlySet<string>;
  readonly crashes: number;
  readonly oddities: number;
  readonly mended: number;
}

/** Where an act begins. */
export function markOf(stage: Stage, watchers: Watchers, load: Load): Mark {
  const { ends, versions, stale } = stage.observer.offences;
  return {
    ends: ends.length,
    versions: versions.length,
    stale: stale.length,
    watchers: watchers.all.length,
    ids: new Set(stage.observer.sightings.keys()),
    crashes: stage.crashes().length,
    mended: stage.mended.length,
    oddities: load.oddities.length + watchers.oddities.length,
  };
}

/** Compares what was acknowledged, published, watched, run and kept. */
export async function judgeAct(
  act: Act,
  { placed, stuck, left, settledMs, allowedMs }: Played,
  { stage, watchers, load, mark }: { stage: Stage; watchers: Watchers; load: Load; mark: Mark },
): Promise<Figure[]> {
  const { observer } = stage;
  const ids = [...observer.sightings.keys()].filter((id) => !mark.ids.has(id));
  const records = new Map((await observer.records(ids)).map((task) => [task.id, task]));
  const ledger = await Ledger.read(stage.ledger, new Set(ids));
  const { ends, versions, stale } = observer.offences;
  const acknowledged = placed.flatMap(({ id }) => id ?? []);
  const lost = acknowledged.filter((id) => !records.has(id));
  const undone = ids.filter((id) => observer.sightings.get(id)?.undone === true);
  const isUndone = (id: string): boolean => observer.sightings.get(id)?.undone === true;
  const watching = watchers.all.slice(mark.watchers);
  const steady = watching.filter(({ id }) => !isUndone(id));
  const endless = watching.filter(({ last, lost, id }) =>
    lost ? records.has(id) : last === undefined || !isFinal(last.status),
  );
  const different = watching.filter(({ id, last }) => {
    const record = records.get(id);
    return (
      last !== undefined && record !== undefined && isFinal(last.status) && record.version !== last.version
    );
  });
  const twice = await enqueuedTwice(placed, ids, [...records.values()], stage, load);
  const careless = placed.filter(({ id, canceled }) => {
    const status = records.get(id ?? '')?.status;
    return (
      canceled &&
      status !== undefined &&
      status !== 'CANCELED' &&
      status !== 'SUCCEEDED' &&
      !isUndone(id ?? '')
    );
  });
  const oddities = [...load.oddities, ...watchers.oddities].slice(mark.oddities);
  const isStrict = act.fsync === 'always';
  return [
    promise('acknowledged tasks lost', lost, isStrict),
    promise('tasks whose published states Redis took back', undone, isStrict),
    promise('tasks with two final states, or a final state that changed', ends.slice(mark.ends)),
    promise('tasks stuck', stuck),
    promise('versions published that were not newer', versions.slice(mark.versions)),
    promise(
      'watchers without a final state',
      endless.map(({ id }) => id),
    ),
    promise(
      'watchers whose version went back or came twice',
      steady.flatMap(({ offences }) => offences),
    ),
    promise('of those whose states Redis took back', offencesOf(watching, isUndone), isStrict),
    promise(
      "watchers whose last state isn't the record's",
      idsOf(different.filter(({ id }) => !isUndone(id))),
    ),
    promise(
      'of those whose states Redis took back',
      idsOf(different.filter(({ id }) => isUndone(id))),
      isStrict,
    ),
    promise('progress, outputs and failures by a stale attempt', stale.slice(mark.stale)),
    promise(
      'outcomes that no run has had',
      [...records.values()].flatMap((task) => unfounded(task, ledger)),
    ),
    promise(
      'accepted cancels without effect',
      careless.map(({ id }) => String(id)),
    ),
    promise(load.withKeys ? 'idempotency keys with two tasks' : 'more tasks than requests', twice, isStrict),
    promise('searches that found something to mend', stage.mended.slice(mark.mended), isStrict),
    promise('processes that ended by themselves', stage.crashes().slice(mark.crashes)),
    promise('answers that nobody expects', oddities),
    fact('tasks acknowledged', acknowledged.length),
    fact(
      'requests without an answer, sent again',
      placed.reduce((sum, { unanswered }) => sum + unanswered, 0),
    ),
    fact('tasks in Redis', records.size),
    fact('runs', ledger.began),
    fact('runs that were cut short by a kill', ledger.cutShort),
    fact('tasks that ran more than once', ledger.ranAgain),
    fact('deliveries lost with their worker', countOutcome(records, 'LOST')),
    fact('deliveries given back', countOutcome(records, 'SUPERSEDED')),
    fact(
      'states seen by watchers',
      watching.reduce((sum, { states }) => sum + states, 0),
    ),
    fact('tasks open when the last fault was over', left),
    fact('time until the last of them was final (ms)', settledMs),
    fact('which may take (ms)', allowedMs),
  ];
}

function promise(what: string, found: readonly string[], mustBeZero = true): Figure {
  return { what, count: found.length, mustBeZero, examples: found.slice(0, 5) };
}

function idsOf(watching: Watchers['all']): string[] {
  return watching.map(({ id }) => id);
}

function fact(what: string, count: number): Figure {
  return { what, count, mustBeZero: false, examples: [] };
}

function offencesOf(watching: Watchers['all'], isUndone: (id: string) => boolean): string[] {
  return watching.filter(({ id }) => isUndone(id)).flatMap(({ offences }) => offences);
}

/** A success or failure that the ledger of its process knows nothing of. */
function unfounded(task: Task, ledger: Ledger): string[] {
  if (task.status !== 'SUCCEEDED' && task.status !== 'FAILED') return [];
  const speaker = speakerOf(task);
  const what = task.status === 'SUCCEEDED' ? 'returned' : 'threw';
  if (speaker !== undefined && ledger.has({ id: task.id, ...speaker, what })) return [];
  const told = JSON.stringify(task.output ?? task.failure);
  return [`${task.id}: ${task.status} with ${told} after ${JSON.stringify(task.attempts)}`];
}

function countOutcome(records: ReadonlyMap<string, Task>, outcome: string): number {
  return [...records.values()]
    .flatMap(({ attempts }) => attempts)
    .filter((attempt) => attempt.outcome === outcome).length;
}

/** Orders of which more tasks came than could: one with a key, else one for each request. */
async function enqueuedTwice(
  placed: Played['placed'],
  ids: readonly string[],
  records: readonly Task[],
  stage: Stage,
  load: Load,
): Promise<string[]> {
  const inputs = await stage.observer.inputs(ids);
  const failed = new Set(records.filter(({ status }) => status === 'FAILED').map(({ id }) => id));
  const byNumber = Map.groupBy(
    records.map(({ id }) => id),
    (id) => Number(/"number":(\d+)/.exec(inputs.get(id) ?? '')?.[1]),
  );
  return placed.flatMap(({ order, unanswered }) => {
    // A key is free again once its task has failed.
    const made = (byNumber.get(order.number) ?? []).filter((id) => !load.withKeys || !failed.has(id));
    const allowed = load.withKeys ? 1 : 1 + unanswered;
    return made.length > allowed ? [`order ${order.number}: ${made.join(', ')}`] : [];
  });
}
