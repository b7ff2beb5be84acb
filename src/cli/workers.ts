import type { Settings } from '../config.ts';
import { showBytes, showCount, showTime } from '../quantity.ts';
import { connectApi } from './client.ts';
import { exitCodes } from './exit.ts';
import { drainWorkerDocument, resumeWorkerDocument, workersDocument } from './operations.ts';
import { type Act, describe } from './queues.ts';
import { textTable } from './text-table.ts';

/** A worker, as `workersDocument` asks for it. */
interface WorkerRow {
  readonly id: string;
  readonly version: string;
  readonly startedAt: string | null;
  readonly slots: number;
  readonly busy: number;
  readonly load: number | null;
  readonly memoryBytes: number | null;
  readonly queues: readonly { readonly name: string }[];
  readonly drain: Act | null;
}

/** `taskwire workers`: a table of all workers on stdout, which of them are drained below it. */
export async function workers(settings: Settings<'workers'>): Promise<number> {
  await using client = connectApi(settings, () => {});
  const { workers } = await client.request<{ workers: readonly WorkerRow[] }>(workersDocument);
  process.stdout.write(table(workers));
  return exitCodes.ok;
}

/** `taskwire workers drain ID`: lets it take nothing more until it is resumed or has ended. */
export async function drainWorker(
  settings: Settings<'workers'>,
  id: string,
  reason: string | undefined,
): Promise<number> {
  return conclude('takes nothing more', await change(settings, drainWorkerDocument, { id, reason }));
}

/** `taskwire workers resume ID`: lets it take tasks again. */
export async function resumeWorker(settings: Settings<'workers'>, id: string): Promise<number> {
  return conclude('is resumed', await change(settings, resumeWorkerDocument, { id }));
}

type Changed = Pick<WorkerRow, 'id' | 'busy'>;

async function change(
  settings: Settings<'workers'>,
  document: string,
  variables: Record<string, unknown>,
): Promise<Changed> {
  await using client = connectApi(settings, () => {});
  return (await client.request<{ change: { worker: Changed } }>(document, variables)).change.worker;
}

function conclude(what: string, { id, busy }: Changed): number {
  process.stdout.write(`${id} ${what} (${showCount(busy, 'task')} running)\n`);
  return exitCodes.ok;
}

const heads = ['worker', 'queues', 'version', 'up', 'slots busy', 'load', 'memory'];

function table(workers: readonly WorkerRow[]): string {
  if (workers.length === 0) return 'There is no worker: nothing is run.\n';
  // Words to the left, numbers to the right.
  const text = textTable([heads, ...workers.map(cells)], (column) => column > 2);
  const notes = workers.flatMap(({ id, drain }) =>
    drain === null ? [] : [`${id}: ${describe('drained', drain)}`],
  );
  return `${[text, ...(notes.length === 0 ? [] : ['', ...notes])].join('\n')}\n`;
}

function cells({ id, queues, version, startedAt, busy, slots, load, memoryBytes }: WorkerRow): string[] {
  return [
    id,
    queues.map(({ name }) => name).join(', '),
    version,
    startedAt === null ? '-' : showTime(Math.max(0, Date.now() - Date.parse(startedAt))),
    `${busy}/${slots}`,
    load === null ? '-' : load.toFixed(2),
    memoryBytes === null ? '-' : showBytes(memoryBytes),
  ];
}
