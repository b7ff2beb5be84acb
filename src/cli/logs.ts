import type { Settings } from '../config.ts';
import { type ApiClient, connectApi } from './client.ts';
import { exitCodes } from './exit.ts';
import { untilAsked } from './signals.ts';

export interface LogsOptions {
  /** A stream instead of the log. */
  readonly stream: string | undefined;
  /** Goes on until the task has ended. */
  readonly follow: boolean;
}

/** What the API tells of a log, or of a stream. */
interface Batch {
  readonly entries?: readonly Entry[];
  readonly chunks?: readonly string[];
  readonly dropped: number;
  readonly lastIndex: number;
  readonly hasMore: boolean;
}

interface Entry {
  readonly index: number;
  readonly at: string;
  readonly level: string;
  readonly message: string;
  readonly fields: unknown;
}

/** `taskwire logs ID`: a task's log on stdout, a line for each of it, or a stream as it was written. */
export async function logs(settings: Settings<'logs'>, id: string, options: LogsOptions): Promise<number> {
  await using client = connectApi(settings.url, (reason) =>
    process.stderr.write(`taskwire: the connection was lost (${reason}); connecting again …\n`),
  );
  const { follow, stream } = options;
  // Read again by each new connection: it goes on where the one before was.
  const variables = { id, name: stream, after: -1 };
  const batches = follow ? followed(client, stream, variables) : read(client, stream, variables);
  const interrupted = untilAsked();
  for (;;) {
    const next = await Promise.race([batches.next(), interrupted]);
    if (typeof next === 'string') return exitCodes.interrupted;
    if (next.done === true) return exitCodes.ok;
    print(next.value, variables.after);
    variables.after = Math.max(variables.after, next.value.lastIndex);
  }
}

interface Variables {
  readonly id: string;
  readonly name: string | undefined;
  readonly after: number;
}

async function* read(
  client: ApiClient,
  stream: string | undefined,
  variables: Variables,
): AsyncGenerator<Batch> {
  const [argument, field] =
    stream === undefined
      ? ['', `log(after: $after, first: 1000) { ${logFields} }`]
      : [', $name: String!', `stream(name: $name, after: $after, first: 1000) { ${streamFields} }`];
  const document = `query ($id: ID!, $after: Int${argument}) { task(id: $id) { batch: ${field} } }`;
  for (let hasMore = true; hasMore;) {
    const { task } = await client.request<{ task: { batch: Batch } }>(document, { ...variables });
    yield task.batch;
    ({ hasMore } = task.batch);
  }
}

async function* followed(
  client: ApiClient,
  stream: string | undefined,
  variables: Variables,
): AsyncGenerator<Batch> {
  const [argument, field] =
    stream === undefined
      ? ['', `taskLogAppended(id: $id, after: $after) { ${logFields} }`]
      : [', $name: String!', `taskStreamAppended(id: $id, name: $name, after: $after) { ${streamFields} }`];
  const document = `subscription ($id: ID!, $after: Int${argument}) { batch: ${field} }`;
  // The very object, not a copy.
  for await (const { batch } of client.subscribe<{ batch: Batch }>(
    document,
    variables as unknown as Record<string, unknown>,
  ))
    yield batch;
}

const logFields = 'entries { index at level message fields } dropped lastIndex hasMore';
const streamFields = 'chunks dropped lastIndex hasMore';

/** Prints what comes after an index: what was under way when a connection broke may come again. */
function print({ entries, chunks, dropped, lastIndex }: Batch, after: number): void {
  if (dropped > 0) process.stderr.write(`taskwire: ${dropped} before these are gone\n`);
  for (const { index, at, level, message, fields } of entries ?? []) {
    const more = fields === null ? '' : ` ${JSON.stringify(fields)}`;
    if (index > after) process.stdout.write(`${at} ${level.padEnd(5)} ${message}${more}\n`);
  }
  if (chunks !== undefined && lastIndex > after)
    process.stdout.write(chunks.slice(after - lastIndex).join(''));
}
