import type { Played } from './act.ts';
import { gather } from './evidence.ts';
import type { Load } from './load.ts';
import type { Act } from './options.ts';
import type { Stage } from './stage.ts';
import type { Watcher, Watchers } from './watchers.ts';
import type { Windows } from './windows.ts';

/** One line of the table. */
export interface Figure {
  readonly what: string;
  readonly count: number;
  /** True where anything but 0 breaks a promise. */
  readonly mustBeZero: boolean;
  /** The first that were found. */
  readonly examples: readonly string[];
}

/** Who had a part in an act from the outside. */
interface Clients {
  readonly watchers: Watchers;
  readonly windows: Windows;
  readonly load: Load;
}

/** The figures of an act: what was promised, then what else there was. */
export async function judgeAct(
  { fsync }: Act,
  played: Played,
  stage: Stage,
  { watchers, windows, load }: Clients,
): Promise<Figure[]> {
  const { ends, versions, stale } = stage.observer.offences;
  const evidence = await gather(played, stage, watchers, load);
  const { records, ledger, acknowledged, undone, endless, misled } = evidence;
  // Nobody can promise what Redis takes back; there it is counted.
  const isWhole = fsync === 'always';
  const isUndone = ({ id }: Watcher): boolean => undone.has(id);
  const isSteady = (watcher: Watcher): boolean => !isUndone(watcher);
  const offences = (which: (watcher: Watcher) => boolean): string[] =>
    watchers.all.filter(which).flatMap(({ offences }) => offences);
  const attempts = records.flatMap(({ attempts }) => attempts);
  return [
    promise('acknowledged tasks lost', evidence.lost, isWhole),
    promise('tasks whose published states Redis took back', [...undone], isWhole),
    promise('tasks with two final states, or a final state that changed', ends),
    promise('tasks stuck', played.stuck),
    promise('outcomes and progress written by a stale attempt', stale),
    promise('outcomes that no run has had', evidence.unfounded),
    promise('accepted cancels without effect', evidence.careless),
    promise(
      load.withKeys ? 'idempotency keys with two tasks' : 'more tasks than requests',
      evidence.doubled,
      isWhole,
    ),
    promise('runs beyond a limit of concurrency', evidence.order.crowded),
    promise('starts beyond a rate', evidence.order.hasty),
    promise('starts before their time', evidence.order.early),
    promise('debounced or single tasks that waited beside another', evidence.order.beside),
    promise('slots of a schedule without one task', evidence.order.slots),
    promise('limits, keys and lines that something still holds', evidence.leftovers),
    promise('versions published that were not newer', versions),
    promise('watchers without a final state', idsOf(endless)),
    promise('watchers whose version went back or came twice', offences(isSteady)),
    promise('– of tasks whose states Redis took back', offences(isUndone), isWhole),
    promise("watchers whose last state isn't the record's", idsOf(misled.filter(isSteady))),
    promise('– of tasks whose states Redis took back', idsOf(misled.filter(isUndone)), isWhole),
    promise("watched lists that don't become what the list is", await windows.differing()),
    promise('searches that found something to mend', stage.mended, isWhole),
    promise('processes that ended by themselves', stage.crashes()),
    promise('answers that nobody expects', [...load.oddities, ...watchers.oddities, ...windows.oddities]),
    fact('slots of a schedule', records.filter(({ schedule }) => schedule !== undefined).length),
    fact('tasks acknowledged', acknowledged.length),
    fact('requests without an answer, sent again', sum(played.placed.map(({ unanswered }) => unanswered))),
    fact('runs', ledger.began),
    fact('runs that were cut short by a kill', ledger.cutShort),
    fact('tasks that ran more than once, retries included', ledger.ranAgain),
    fact('deliveries lost with their worker', attempts.filter(({ outcome }) => outcome === 'LOST').length),
    fact('deliveries given back', attempts.filter(({ outcome }) => outcome === 'SUPERSEDED').length),
    fact('states seen by watchers', sum(watchers.all.map(({ states }) => states))),
    fact('updates seen by watchers of lists', windows.updates),
    fact('WebSockets that broke and were opened again', watchers.reconnects),
    fact('tasks open when the last fault was over', played.left),
    fact('time until the last of them was final (ms)', played.settledMs),
    fact('which may take (ms)', played.allowedMs),
  ];
}

function promise(what: string, found: readonly string[], mustBeZero = true): Figure {
  return { what, count: found.length, mustBeZero, examples: found.slice(0, 5) };
}

function fact(what: string, count: number): Figure {
  return { what, count, mustBeZero: false, examples: [] };
}

function idsOf(watchers: readonly Watcher[]): string[] {
  return watchers.map(({ id }) => id);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
