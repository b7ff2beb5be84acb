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
  await using client = connectApi(settings, (reason) =>
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
  const { declared, field } = batchOf(stream, 'log', 'stream', 'after: $after, first: 1000');
  const document = `query (${declared}) { task(id: $id) { streams ${field} } }`;
  for (let hasMore = true; hasMore;) {
    const { task } = await client.request<{ task: { streams: string[]; batch: Batch } }>(document, {
      ...variables,
    });
    yield task.batch;
    ({ hasMore } = task.batch);
    if (stream !== undefined && !task.streams.includes(stream))
      process.stderr.write(`taskwire: nothing in the stream '${stream}'; ${listed(task.streams)}\n`);
  }
}

async function* followed(
  client: ApiClient,
  stream: string | undefined,
  variables: Variables,
): AsyncGenerator<Batch> {
  const { declared, field } = batchOf(
    stream,
    'taskLogAppended',
    'taskStreamAppended',
    'id: $id, after: $after',
  );
  const document = `subscription (${declared}) { ${field} }`;
  // The very object, not a copy.
  for await (const { batch } of client.subscribe<{ batch: Batch }>(
    document,
    variables as unknown as Record<string, unknown>,
  ))
    yield batch;
}

/** The field that gives a log, or a stream, as `batch`, and the variables that its operation declares. */
function batchOf(stream: string | undefined, ofLog: string, ofStream: string, args: string) {
  const declared = '$id: ID!, $after: Int';
  return stream === undefined
    ? { declared, field: `batch: ${ofLog}(${args}) { ${logFields} }` }
    : {
        declared: `${declared}, $name: String!`,
        field: `batch: ${ofStream}(name: $name, ${args}) { ${streamFields} }`,
      };
}

function listed(streams: readonly string[]): string {
  return streams.length === 0 ? 'the task has none yet' : `there are: ${streams.toSorted().join(', ')}`;
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
