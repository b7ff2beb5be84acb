import type { Settings } from '../config.ts';
import { type ApiSettings, connectApi } from './client.ts';
import { CommandError, exitCodes } from './exit.ts';
import * as operations from './operations.ts';
import { showCount } from '../quantity.ts';

/** What a command on a queue is for: the queue, or with `--definition` one definition. */
interface Target {
  readonly queue: string | undefined;
  readonly definition?: string | undefined;
  readonly reason?: string | undefined;
}

interface Queue {
  readonly name: string;
  readonly waiting: number;
  readonly running: number;
  readonly isPaused: boolean;
}

/** `taskwire pause QUEUE`: lets nothing of it begin until it is resumed. */
export async function pause(settings: Settings<'pause'>, target: Target): Promise<number> {
  const { queue, definition, reason } = oneOf(target);
  const document = definition === undefined ? operations.pauseDocument : operations.pauseDefinitionDocument;
  const after = await change(settings, document, { name: definition ?? queue, reason });
  return conclude(`${definition ?? after.name} is paused`, after);
}

/** `taskwire resume QUEUE`: ends its pause or drain. */
export async function resume(settings: Settings<'resume'>, target: Target): Promise<number> {
  const { queue, definition } = oneOf(target);
  const document = definition === undefined ? operations.resumeDocument : operations.resumeDefinitionDocument;
  const after = await change(settings, document, { name: definition ?? queue });
  const stillPaused = definition !== undefined && after.isPaused ? ', but its queue is paused' : '';
  return conclude(`${definition ?? after.name} is resumed${stillPaused}`, after);
}

/** `taskwire drain QUEUE`: refuses new tasks until it is resumed. */
export async function drain(settings: Settings<'drain'>, queue: string, reason?: string): Promise<number> {
  const after = await change(settings, operations.drainDocument, { name: queue, reason });
  return conclude(`${after.name} takes no new tasks`, after);
}

interface Purge {
  readonly canceledCount: number;
  readonly leftCount: number;
}

/** `taskwire purge QUEUE`: cancels what waits in it, or with `--dry-run` says how much that is. */
export async function purge(
  settings: Settings<'purge'>,
  queue: string,
  { dryRun, ...options }: { dryRun: boolean; definition?: string | undefined; reason?: string | undefined },
): Promise<number> {
  await using client = connectApi(settings, () => {});
  const call = async (dryRun: boolean): Promise<Purge> => {
    const variables = { name: queue, dryRun, ...options };
    return (await client.request<{ change: Purge }>(operations.purgeDocument, variables)).change;
  };
  const what = options.definition === undefined ? queue : `${options.definition} in ${queue}`;
  const { leftCount: found } = await call(true);
  if (dryRun) {
    process.stdout.write(`${showCount(found, 'task')} of ${what} would be canceled\n`);
    return exitCodes.ok;
  }
  let [canceled, left] = [0, found];
  // As many as there were: what comes meanwhile must not keep it going.
  while (canceled < found) {
    const purged = await call(false);
    canceled += purged.canceledCount;
    left = purged.leftCount;
    if (purged.canceledCount === 0) break;
  }
  process.stdout.write(`${showCount(canceled, 'task')} of ${what} canceled, ${left} waiting\n`);
  return exitCodes.ok;
}

function oneOf(target: Target): Target {
  if ((target.queue === undefined) !== (target.definition === undefined)) return target;
  throw new CommandError('Name a queue, or a definition by --definition.', { exitCode: exitCodes.usage });
}

async function change(
  api: ApiSettings,
  document: string,
  variables: Record<string, unknown>,
): Promise<Queue> {
  // It asks once and subscribes to nothing, so there is no connection to lose.
  await using client = connectApi(api, () => {});
  return (await client.request<{ change: { queue: Queue } }>(document, variables)).change.queue;
}

function conclude(what: string, { waiting, running }: Queue): number {
  process.stdout.write(`${what} (${waiting} waiting, ${running} running)\n`);
  return exitCodes.ok;
}
