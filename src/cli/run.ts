import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Settings } from '../config.ts';
import { CommandError, exitCodes } from './exit.ts';
import { enqueueDocument } from './operations.ts';
import { follow, withApi } from './watch.ts';

export interface RunOptions {
  /** JSON, `@FILE` for a file with it, or `-` for stdin. */
  readonly input: string | undefined;
  readonly idempotencyKey: string | undefined;
}

interface Enqueued {
  readonly task: { readonly id: string; readonly __typename: string };
  readonly deduplicated: boolean;
}

/** `taskwire run NAME`: enqueues a task as any client would and follows it to its end. */
export async function run(
  settings: Settings<'run'>,
  name: string,
  { input, idempotencyKey }: RunOptions,
): Promise<number> {
  const value = input === undefined ? undefined : parse(await read(input), input);
  return await withApi(settings, async (client, schema, view) => {
    const query = enqueueDocument(schema, name, value !== undefined);
    const { enqueued } = await client.request<{ enqueued: Enqueued }>(query, {
      ...(value === undefined ? {} : { input: value }),
      ...(idempotencyKey === undefined ? {} : { options: { idempotencyKey } }),
    });
    const { task, deduplicated } = enqueued;
    view.note(`${name} ${task.id}`);
    if (deduplicated) view.note('The key had enqueued it before.');
    return await follow(client, schema, view, { id: task.id, typeName: task.__typename });
  });
}

async function read(input: string): Promise<string> {
  if (input === '-') return await text(process.stdin);
  if (!input.startsWith('@')) return input;
  return await readFile(input.slice(1), 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`--input: ${reason}`, { cause: error, exitCode: exitCodes.usage });
  });
}

function parse(json: string, input: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const from = input === '-' ? 'stdin' : input.startsWith('@') ? input.slice(1) : 'its value';
    const message = error instanceof Error ? error.message : String(error);
    // Without the text around the place, which may be a secret.
    const reason = message.replace(/, (?:\.\.\.)?".*is not valid JSON$/s, '');
    throw new CommandError(`--input: expected JSON in ${from}: ${reason}`, { exitCode: exitCodes.usage });
  }
}
