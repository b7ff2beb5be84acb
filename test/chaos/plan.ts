import type { Act, ChaosOptions } from './options.ts';
import { Random } from './random.ts';

export const faultKinds = [
  'kill worker',
  'stop worker',
  'freeze worker',
  'kill API',
  'cut API',
  'kill Redis',
  'cut power',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Something that goes wrong at a time (ms since the act began). */
export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Which worker or API, counted from 0. */
  readonly target: number;
  /** How long a worker is frozen, or Redis is away; else 0. */
  readonly lastsMs: number;
}

/** The definitions, each with its share of the tasks. */
const shares = {
  touch: 0.15,
  steps: 0.45,
  stumble: 0.12,
  narrow: 0.08,
  shared: 0.1,
  paced: 0.05,
  calm: 0.025,
  lone: 0.025,
} as const;
type Kind = keyof typeof shares;

/** A task that someone wants done, and what they do beside. */
export interface Order {
  readonly atMs: number;
  readonly number: number;
  readonly definition: Kind;
  /** How long `run` takes. */
  readonly takesMs: number;
  /** True for a `run` that goes on whatever its signal says. */
  readonly isHeedless: boolean;
  /** How many attempts throw. */
  readonly failures: number;
  /** So long after its answer it is canceled, if it is. */
  readonly cancelAfterMs: number | undefined;
  /** So long after its answer it is watched. */
  readonly watchAfterMs: number;
  /** Whose it is, by a limit or another key. */
  readonly group: number;
  /** So long it waits at least, if it is for later. */
  readonly delayMs: number | undefined;
  /** Seconds of head start. */
  readonly priority: number;
}

/** All that an act will do, in the order of time. */
export interface Plan {
  readonly spanMs: number;
  readonly faults: readonly Fault[];
  readonly orders: readonly Order[];
}

/** Plans the act of this number; the same options give the same plan. */
export function planAct(options: ChaosOptions, act: Act, index: number): Plan {
  const random = new Random(options.seed * 1_000 + index);
  const kinds = random.shuffled(
    faultKinds.flatMap((kind) => Array<FaultKind>(act.faults[kind] ?? 0).fill(kind)),
  );
  let dueMs = 0;
  const faults = kinds.map((kind) => {
    // Redis needs a moment to come back, and what happens until the next time it goes is what may get lost.
    dueMs += isOfRedis(kind) ? 2 * options.gapMs : options.gapMs;
    return planFault(options, kind, dueMs, random);
  });
  const spanMs = dueMs + options.gapMs;
  const firstNumber = options.acts.slice(0, index).reduce((sum, { tasks }) => sum + tasks, 0);
  const times = Array.from({ length: act.tasks }, () => random.between(0, spanMs)).toSorted((a, b) => a - b);
  const orders = times.map((atMs, place) => planOrder(atMs, firstNumber + place, random));
  return { spanMs, faults: faults.toSorted((a, b) => a.atMs - b.atMs), orders };
}

function isOfRedis(kind: FaultKind): boolean {
  return kind === 'kill Redis' || kind === 'cut power';
}

function planFault(options: ChaosOptions, kind: FaultKind, dueMs: number, random: Random): Fault {
  const { workers, apis, leaseMs, gapMs } = options;
  const targets = kind.endsWith('worker') ? workers : kind.endsWith('API') ? apis : 1;
  return {
    atMs: dueMs + random.between(-Math.round(gapMs / 3), Math.round(gapMs / 3)),
    kind,
    target: random.between(0, targets - 1),
    lastsMs: durationOf(kind, leaseMs, random),
  };
}

function durationOf(kind: FaultKind, leaseMs: number, random: Random): number {
  if (isOfRedis(kind)) return random.between(1, 500);
  return kind === 'freeze worker' ? random.between(Math.round(1.2 * leaseMs), Math.round(2.2 * leaseMs)) : 0;
}

function planOrder(atMs: number, number: number, random: Random): Order {
  const definition = kindOf(random.next());
  const takesMs = takesTime.has(definition) ? random.between(50, 200) : 0;
  const isHeedless = definition === 'steps' && random.chance(0.3);
  const failures = definition === 'stumble' ? random.between(0, 3) : 0;
  const isCanceled = random.chance(0.1);
  return {
    atMs,
    number,
    definition,
    takesMs,
    isHeedless,
    failures,
    cancelAfterMs: isCanceled ? random.between(0, 250) : undefined,
    watchAfterMs: random.chance(0.1) ? random.between(0, 2_000) : 0,
    group: random.between(0, definition === 'shared' ? 9 : 2),
    // A debounced one says itself when it begins.
    delayMs: definition !== 'calm' && random.chance(0.1) ? random.between(0, 500) : undefined,
    priority: random.chance(0.2) ? random.between(-5, 5) : 0,
  };
}

const takesTime: ReadonlySet<Kind> = new Set(['steps', 'narrow', 'shared']);

/** The definition to which a number from 0 to 1 belongs. */
function kindOf(place: number): Kind {
  // The keys of the table above.
  const kinds = Object.keys(shares) as Kind[];
  let below = 0;
  return kinds.find((kind) => place < (below += shares[kind])) ?? 'touch';
}
