import { parseArgs } from 'node:util';
import { type FaultKind, faultKinds } from './plan.ts';

/** A part of a run under one durability of Redis. */
export interface Act {
  /** When Redis writes its log to the disk: before it answers, or once a second. */
  readonly fsync: 'always' | 'everysec';
  readonly tasks: number;
  /** How many faults of each kind. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
}

/** What a run is made of; with the same options it plans the same faults and tasks. */
export interface ChaosOptions {
  readonly seed: number;
  readonly workers: number;
  /** Slots of each worker. */
  readonly concurrency: number;
  readonly apis: number;
  /** WebSockets that carry all watchers: at most 50 each, and what an API takes of one address. */
  readonly clients: number;
  readonly leaseMs: number;
  /** The time from one fault to the next, on average. */
  readonly gapMs: number;
  readonly acts: readonly Act[];
}

/** What `npm test` runs in less than a minute on two cores. */
export const shortForm: ChaosOptions = {
  seed: 42,
  workers: 3,
  concurrency: 4,
  apis: 2,
  clients: 20,
  leaseMs: 300,
  gapMs: 650,
  acts: [
    {
      fsync: 'always',
      tasks: 600,
      faults: {
        'kill worker': 10,
        'stop worker': 2,
        'freeze worker': 3,
        'kill API': 2,
        'cut API': 1,
        'kill Redis': 2,
      },
    },
    {
      fsync: 'everysec',
      tasks: 100,
      faults: { 'kill worker': 1, 'cut API': 1, 'kill Redis': 1, 'cut power': 1 },
    },
  ],
};

/** What is run by hand before a release. */
export const longForm: ChaosOptions = {
  ...shortForm,
  workers: 4,
  concurrency: 10,
  clients: 180,
  leaseMs: 1_000,
  gapMs: 1_800,
  acts: [
    {
      fsync: 'always',
      tasks: 100_000,
      faults: {
        'kill worker': 200,
        'stop worker': 20,
        'freeze worker': 30,
        'kill API': 30,
        'cut API': 20,
        'kill Redis': 10,
      },
    },
    {
      fsync: 'everysec',
      tasks: 5_000,
      faults: { 'kill worker': 5, 'kill API': 2, 'kill Redis': 5, 'cut power': 5 },
    },
  ],
};

/**
 * Reads `--long`, `--seed N`, `--acts N` (how many), `--tasks N` (of the first act) and the other numbers of `ChaosOptions` by their names in
 * kebab case; faults of the first act by their kind, as `--kill-worker N`.
 */
export function readOptions(args: readonly string[]): ChaosOptions {
  const numbers = ['seed', 'workers', 'concurrency', 'apis', 'clients', 'leaseMs', 'gapMs'] as const;
  const names = [...numbers.map(kebab), 'acts', 'tasks', ...faultKinds.map(kebab)];
  const { values } = parseArgs({
    args: [...args],
    options: {
      long: { type: 'boolean' },
      logs: { type: 'boolean' },
      ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
    },
  });
  const given: Readonly<Record<string, unknown>> = values;
  const base = values.long === true ? longForm : shortForm;
  const [first, ...rest] = base.acts;
  const numberOf = (name: string, fallback: number): number => {
    const text = given[kebab(name)];
    const value = text === undefined ? fallback : Number(text);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new Error(`--${kebab(name)}: expected a whole number of at least 0, got '${String(text)}'`);
  };
  const chosen = Object.fromEntries(numbers.map((name) => [name, numberOf(name, base[name])]));
  if (first === undefined) throw new Error('every form has at least one act');
  const faults = Object.fromEntries(
    faultKinds.map((kind) => [kind, numberOf(kind, first.faults[kind] ?? 0)]),
  );
  const acts = [{ ...first, tasks: numberOf('tasks', first.tasks), faults }, ...rest];
  return { ...base, ...chosen, acts: acts.slice(0, numberOf('acts', acts.length)) };
}

function kebab(name: string): string {
  return name
    .replaceAll(/([A-Z])([a-z])|\s/g, (_, upper?: string, lower?: string) =>
      upper === undefined ? '-' : `-${upper}${lower ?? ''}`,
    )
    .replaceAll(/-+/g, '-')
    .toLowerCase();
}
