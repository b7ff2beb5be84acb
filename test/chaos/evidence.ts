import { isFinal, type Task } from '../../src/tasks/task.ts';
import type { Played } from './act.ts';
import { type Disorder, disorderOf } from './disorder.ts';
import { Ledger } from './ledger.ts';
import type { Load } from './load.ts';
import type { Stage } from './stage.ts';
import type { Watcher, Watchers } from './watchers.ts';
import { speakerOf } from './words.ts';

/** What an act left behind, and what of it contradicts something else. */
export interface Evidence {
  readonly records: readonly Task[];
  readonly ledger: Ledger;
  readonly acknowledged: readonly string[];
  /** Acknowledged tasks without a record. */
  readonly lost: readonly string[];
  /** Tasks of which Redis came back with less than it had told. */
  readonly undone: ReadonlySet<string>;
  /** Watchers that wait for a final state, or were told that a task is lost which is there. */
  readonly endless: readonly Watcher[];
  /** Watchers whose final state isn't that of the record. */
  readonly misled: readonly Watcher[];
  /** Tasks that were canceled, and ended as if they weren't. */
  readonly careless: readonly string[];
  /** Successes and failures of which the ledger of the process knows nothing. */
  readonly unfounded: readonly string[];
  /** Orders of which more tasks came than may. */
  readonly doubled: readonly string[];
  /** What broke a limit, a key or a time, by the times in the records. */
  readonly order: Disorder;
  /** What is left of limits, keys and the backlog once nothing waits or runs. */
  readonly leftovers: readonly string[];
}

/** Reads every record, and compares what was acknowledged, published, watched, run and kept. */
export async function gather(
  { placed }: Played,
  { observer, ledger: folder }: Stage,
  watchers: Watchers,
  load: Load,
): Promise<Evidence> {
  const ids = observer.seen();
  const records = new Map((await observer.records(ids)).map((task) => [task.id, task]));
  const inputs = await observer.inputs(ids);
  const ledger = await Ledger.read(folder, new Set(ids));
  const undone = new Set([...observer.sightings].filter(([, { undone }]) => undone).map(([id]) => id));
  const acknowledged = placed.flatMap(({ id }) => id ?? []);
  const hasEffect = (id: string): boolean => {
    const { status } = records.get(id) ?? {};
    return status === undefined || status === 'CANCELED' || status === 'SUCCEEDED' || undone.has(id);
  };
  return {
    records: [...records.values()],
    ledger,
    acknowledged,
    lost: acknowledged.filter((id) => !records.has(id)),
    undone,
    endless: watchers.all.filter(({ id, last, lost }) =>
      lost ? records.has(id) : last === undefined || !isFinal(last.status),
    ),
    misled: watchers.all.filter(({ id, last }) => {
      const record = records.get(id);
      return (
        record !== undefined && last !== undefined && isFinal(last.status) && record.version !== last.version
      );
    }),
    careless: placed.flatMap(({ id, canceled }) =>
      id !== undefined && canceled && !hasEffect(id) ? id : [],
    ),
    unfounded: [...records.values()].flatMap((task) => unfounded(task, ledger)),
    doubled: doubled(placed, records, inputs, load.withKeys),
    order: disorderOf([...records.values()], (id) => /"group":(\d+)/.exec(inputs.get(id) ?? '')?.[1]),
    leftovers: await observer.leftovers(),
  };
}

function unfounded(task: Task, ledger: Ledger): string[] {
  if (task.status !== 'SUCCEEDED' && task.status !== 'FAILED') return [];
  const speaker = speakerOf(task);
  const what = task.status === 'SUCCEEDED' ? 'returned' : 'threw';
  if (speaker !== undefined && ledger.has({ id: task.id, ...speaker, what })) return [];
  const told = JSON.stringify(task.output ?? task.failure);
  return [`${task.id}: ${task.status} with ${told} after ${JSON.stringify(task.attempts)}`];
}

/** With a key one task comes of an order, else at most one of each request. */
function doubled(
  placed: Played['placed'],
  records: ReadonlyMap<string, Task>,
  inputs: ReadonlyMap<string, string>,
  withKeys: boolean,
): string[] {
  const made = Map.groupBy(records.values(), ({ id }) =>
    Number(/"number":(\d+)/.exec(inputs.get(id) ?? '')?.[1]),
  );
  return placed.flatMap(({ order, unanswered }) => {
    // A key is free again once its task has failed.
    const tasks = (made.get(order.number) ?? []).filter(({ status }) => !withKeys || status !== 'FAILED');
    if (tasks.length <= (withKeys ? 1 : 1 + unanswered)) return [];
    return [`order ${order.number}: ${tasks.map(({ id, status }) => `${id} ${status}`).join(', ')}`];
  });
}
