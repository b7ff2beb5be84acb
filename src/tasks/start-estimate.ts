import { noRules, type RuleSet, type Rules } from './rules.ts';

/** A queue as it is to be known to say when something of it begins. Times are the store's, in ms. */
export interface Scene {
  readonly now: number;
  readonly rules: Rules;
  /** Lines in which something waits. */
  readonly lines: readonly Line[];
  readonly workers: readonly Serving[];
  /** By definition: how long its runs take on average, where that is known, and how many run. */
  readonly paces: ReadonlyMap<string, Pace>;
}

/** A live worker: its slots, how many are taken, and how many of each `name:version` it may run. */
export interface Serving {
  readonly slots: number;
  readonly busy: number;
  readonly lines: ReadonlyMap<string, number>;
  /** How many suspects it runs, and of those definitions of which it runs only so many how many. */
  readonly suspects: number;
  readonly running: ReadonlyMap<string, number>;
}

export interface Line {
  readonly name: string;
  /** By which workers say what they serve: `name:version`. */
  readonly served: string;
  readonly isKeyed: boolean;
  /** Where it may have killed a worker: how many such ones a worker runs side by side. */
  readonly suspectLimit: number | undefined;
}

/** How many wait in a line before a task; -1 where they have keys, which take turns. */
export interface Ahead {
  readonly line: Line;
  readonly count: number;
}

interface Pace {
  readonly meanMs: number | undefined;
  readonly running: number;
}

/**
 * How long until a task begins (ms): the mean run times of all that wait before it, and half of one of those that run,
 * shared by the slots that serve it. A definition that may run only so many side by side takes no more of the slots
 * than that. Undefined where it is paused, where nobody serves it, where a rate or the turns of keys decide, or where
 * something before it, which may take all slots, has no recent run times. What comes later with a higher priority isn't foreseen.
 */
export function waitOf(
  scene: Scene,
  own: Line,
  serving: readonly Serving[],
  ahead: readonly Ahead[],
): number | undefined {
  const { rules, paces } = scene;
  const ownRules = rulesOf(scene, own);
  if ([rules, ownRules].some(({ pause, all }) => pause !== undefined || all?.rate !== undefined)) {
    return undefined;
  }
  if (own.isKeyed || own.suspectLimit !== undefined || ahead.some(({ count }) => count < 0)) return undefined;
  const slots = Math.min(
    sum(serving, (worker) => worker.slots),
    rules.all?.concurrency ?? Infinity,
  );
  if (slots === 0) return undefined;

  const busy = sum(serving, (worker) => worker.busy);
  const work = ahead.map(({ line, count }) => {
    const { meanMs } = paces.get(line.name) ?? {};
    const ms = meanMs === undefined ? Infinity : count * meanMs;
    return { name: line.name, ms, most: parallel(line, rulesOf(scene, line), serving, meanMs) };
  });
  // Who may take only some of the slots, for however long, leaves the others.
  const bounded = new Set(work.filter(({ most }) => most < slots).map(({ name }) => name));
  const running = [...paces].flatMap(([name, pace]) =>
    pace.running === 0 || (pace.meanMs === undefined && bounded.has(name)) ? [] : [pace],
  );
  const restMs = busy < slots ? 0 : meanOf(running) / 2;
  const waiting = sum(ahead, ({ count }) => count);
  const byAll = waiting + busy < slots ? 0 : shared(work, restMs, slots);
  const waitMs = Math.max(byAll, ownWait(scene, own, ownRules, serving, ahead));
  return Number.isNaN(waitMs) ? undefined : waitMs;
}

/**
 * When slots are through with what is before, where some of it may take only so many of them: who is passed by counts
 * with what it is through with by then. NaN where that is never.
 */
function shared(work: readonly { ms: number; most: number }[], restMs: number, slots: number): number {
  const endless = work.filter(({ ms }) => ms === Infinity);
  const others = work.filter(({ ms }) => ms !== Infinity);
  const left = slots - sum(endless, ({ most }) => most);
  if (left <= 0) return Number.NaN;
  // At the latest then; each round comes closer from above.
  let waitMs = (sum(others, ({ ms }) => ms) + restMs) / left;
  for (let round = 0; round < 50 && waitMs > 0; round += 1) {
    const until = waitMs;
    waitMs = (sum(work, ({ ms, most }) => Math.min(ms, most * until)) + restMs) / slots;
  }
  return waitMs;
}

/** How long the task waits for others of its own definition, which may run only so many side by side. */
function ownWait(
  { paces }: Scene,
  own: Line,
  rules: RuleSet,
  serving: readonly Serving[],
  ahead: readonly Ahead[],
): number {
  const { meanMs = Number.NaN, running = 0 } = paces.get(own.name) ?? {};
  const most = mostOf(own, rules, serving);
  const before = sum(
    ahead.filter(({ line }) => line.name === own.name),
    ({ count }) => count,
  );
  return before + running < most ? 0 : ((before + (running < most ? 0 : 0.5)) * meanMs) / most;
}

function meanOf(running: readonly Pace[]): number {
  return (
    sum(running, ({ meanMs = Number.NaN, running }) => meanMs * running) /
    sum(running, ({ running }) => running)
  );
}

/** How many of a line may run side by side: by its limit, and by what its workers may. */
function mostOf({ served }: Line, { all }: RuleSet, serving: readonly Serving[]): number {
  return Math.min(
    all?.concurrency ?? Infinity,
    sum(serving, ({ lines }) => lines.get(served) ?? 0),
  );
}

/** The same, where a rate lets it run only so many on average. */
function parallel(
  line: Line,
  rules: RuleSet,
  serving: readonly Serving[],
  meanMs: number | undefined,
): number {
  const { rate } = rules.all ?? {};
  const byRate = rate === undefined || meanMs === undefined ? Infinity : (rate.count / rate.perMs) * meanMs;
  return Math.min(mostOf(line, rules, serving), byRate);
}

/** The rules of a line's definition. */
export function rulesOf({ rules }: Scene, { name }: Line): RuleSet {
  return rules.definitions.get(name) ?? noRules;
}

/** Whether those who serve a task, or anybody where nobody does, serve this line, too. */
export function isServed({ workers }: Scene, { served }: Line, serving: readonly Serving[]): boolean {
  const who = serving.length > 0 ? serving : workers;
  return who.length === 0 || who.some(({ lines }) => lines.has(served));
}

/** Reads a line's name: `name:version`, with `!limit` of suspects, and with `@` where they have keys. */
export function parseLine(text: string): Line {
  const [, served = text, suspect, keyed] = /^([^!@]*)(![^@]*)?(@)?$/.exec(text) ?? [];
  const [name = ''] = served.split(':');
  const suspectLimit = suspect === undefined ? undefined : Number(suspect.slice(1));
  return { name, served, isKeyed: keyed !== undefined, suspectLimit };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
