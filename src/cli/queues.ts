import type { Settings } from '../config.ts';
import { connectApi } from './client.ts';
import { exitCodes } from './exit.ts';
import { queuesDocument } from './operations.ts';
import { showCount, showTime } from '../quantity.ts';
import { textTable } from './text-table.ts';

/** Who paused or drained something, as the API tells it. */
export interface Act {
  readonly at: string;
  readonly reason: string | null;
  readonly actor: string | null;
}

/** A queue, as `queuesDocument` asks for it. */
interface QueueRow {
  readonly name: string;
  readonly waiting: number;
  readonly running: number;
  readonly counts: { readonly scheduled: number; readonly retrying: number };
  readonly oldestWaitingSince: string | null;
  readonly enqueuedPerMinute: number;
  readonly finishedPerMinute: { readonly total: number; readonly failed: number };
  readonly workers: { readonly slots: number; readonly busy: number };
  readonly pause: Act | null;
  readonly drain: Act | null;
  readonly pausedDefinitions: readonly { readonly name: string; readonly pause: Act }[];
  readonly limits: readonly { readonly definition: string | null; readonly isBlocking: boolean }[];
}

/** `taskwire queues`: a table of all queues on stdout, what holds one up below it. */
export async function queues(settings: Settings<'queues'>): Promise<number> {
  await using client = connectApi(settings, () => {});
  const { queues } = await client.request<{ queues: readonly QueueRow[] }>(queuesDocument);
  process.stdout.write(table(queues));
  return exitCodes.ok;
}

const heads = [
  'queue',
  'waiting',
  'oldest',
  'later',
  'running',
  'slots busy',
  'in/min',
  'out/min',
  'failed/min',
];

function table(queues: readonly QueueRow[]): string {
  if (queues.length === 0) return 'There is no queue yet: no process has had a definition.\n';
  const rows = [heads, ...queues.map(cells)];
  // Names to the left, numbers to the right.
  const text = textTable(rows, (column) => column > 0);
  const notes = queues.flatMap((queue) => notesOf(queue).map((note) => `${queue.name}: ${note}`));
  return `${[text, ...(notes.length === 0 ? [] : ['', ...notes])].join('\n')}\n`;
}

function cells(queue: QueueRow): string[] {
  const { counts, finishedPerMinute: finished, workers, oldestWaitingSince: since } = queue;
  return [
    queue.name,
    String(queue.waiting),
    since === null ? '-' : showTime(Math.max(0, Date.now() - Date.parse(since))),
    String(counts.scheduled + counts.retrying),
    String(queue.running),
    `${workers.busy}/${workers.slots}`,
    String(queue.enqueuedPerMinute),
    String(finished.total),
    String(finished.failed),
  ];
}

/** What keeps tasks from beginning, or new ones from coming. */
function notesOf({ pause, drain, pausedDefinitions, limits, workers, waiting }: QueueRow): string[] {
  const full = limits.filter(({ isBlocking }) => isBlocking).map(({ definition }) => definition);
  return [
    ...(pause === null ? [] : [describe('paused', pause)]),
    ...(drain === null ? [] : [describe('drained', drain)]),
    ...pausedDefinitions.map(({ name, pause }) => `${name} is ${describe('paused', pause)}`),
    ...new Set(full.map((name) => `tasks wait at the limit of ${name ?? 'the queue'}`)),
    ...(workers.slots === 0 && waiting > 0
      ? [`no worker serves it, and ${showCount(waiting, 'task')} wait`]
      : []),
  ];
}

/** 'paused by anonymous since 2026-03-01T09:30:00.000Z: reason' */
export function describe(what: string, { at, reason, actor }: Act): string {
  return `${what}${actor === null ? '' : ` by ${actor}`} since ${at}${reason === null ? '' : `: ${reason}`}`;
}
