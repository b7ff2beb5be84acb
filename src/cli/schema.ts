import { readFile, writeFile } from 'node:fs/promises';
import type { Settings } from '../config.ts';
import { buildSchema, printTaskwireSchema } from '../graphql/schema.ts';
import { loadAll } from './definitions.ts';
import { CommandError, exitCodes } from './exit.ts';

/** What `taskwire schema` does with the schema instead of printing it. */
export interface SchemaTarget {
  readonly output: string | undefined;
  readonly check: string | undefined;
}

/** `taskwire schema`: the sorted schema of the loaded definitions, printed, written to a file or compared with one. */
export async function schema(settings: Settings<'schema'>, target: SchemaTarget): Promise<number> {
  const definitions = await loadAll(settings.tasks);
  const text = printTaskwireSchema(buildSchema(definitions));
  if (target.check !== undefined) await check(target.check, text);
  if (target.output !== undefined) await writeFile(target.output, text);
  if (target.check === undefined && target.output === undefined) process.stdout.write(text);
  return exitCodes.ok;
}

async function check(file: string, text: string): Promise<void> {
  const written = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandError(`${file} can't be read. Write it with: taskwire schema --output ${file}`, {
      cause: error,
    });
  });
  if (written === text) return;
  const line = firstDifference(written, text);
  throw new CommandError(
    `${file} isn't what the definitions say, first in line ${line.number}:\n` +
      `  in the file:        ${line.written ?? '(the file ends)'}\n` +
      `  by the definitions: ${line.expected ?? '(nothing more)'}\n` +
      `Write it anew with: taskwire schema --output ${file}`,
  );
}

function firstDifference(
  written: string,
  expected: string,
): { number: number; written?: string; expected?: string } {
  const [left, right] = [written.split('\n'), expected.split('\n')];
  const index = left.findIndex((line, at) => line !== right[at]);
  const at = index === -1 ? left.length : index;
  return {
    number: at + 1,
    ...(left[at] === undefined ? {} : { written: left[at] }),
    ...(right[at] === undefined ? {} : { expected: right[at] }),
  };
}
