import { parseArgs } from 'node:util';

/** What a run of the benchmark is told. */
export interface Options {
  readonly quick: boolean;
  readonly rounds: number;
  /** Names of the figures. @default all */
  readonly only: readonly string[] | undefined;
  /** Where the figures are written as JSON. */
  readonly json: string;
}

export const usage = `npm run bench -- [--quick] [--only NAME,…] [--rounds N] [--json FILE]`;

/** Reads the command line. Throws where it says something else. */
export function readOptions(args: readonly string[], names: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'string', default: 'bench.json' },
    },
  });
  const { quick, json } = values;
  const only = values.only?.split(',');
  const unknown = only?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0)
    throw new Error(`Expected figures of ${names.join(', ')}; got ${unknown.join(', ')}`);
  const rounds = Number(values.rounds ?? (quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`Expected --rounds 1 or more; got ${values.rounds}`);
  return { quick, rounds, only, json };
}
