import type { Settings } from '../config.ts';
import { type ApiSettings, connectApi } from './client.ts';
import { CommandError, exitCodes } from './exit.ts';
import { cancelDocument, retryDocument } from './operations.ts';

interface Change {
  readonly accepted: boolean;
  readonly task: { readonly id: string; readonly status: string };
}

/** `taskwire cancel ID`: 0 with the task's status on stdout, 1 where it had ended before. */
export async function cancel(
  settings: Settings<'cancel'>,
  id: string,
  reason: string | undefined,
): Promise<number> {
  const { accepted, task } = await change(settings, cancelDocument, { id, reason });
  if (!accepted) throw new CommandError(`${task.id} isn't canceled: it has ended ${task.status}.`);
  return conclude(task);
}

/** `taskwire retry ID`: 0 with the task's status on stdout, 1 where it may not be put back. */
export async function retry(settings: Settings<'retry'>, id: string): Promise<number> {
  const { accepted, task } = await change(settings, retryDocument, { id });
  if (!accepted) {
    const may = 'only a task that FAILED, was CANCELED or EXPIRED is';
    throw new CommandError(`${task.id} isn't retried: it is ${task.status}, and ${may}.`);
  }
  return conclude(task);
}

async function change(
  api: ApiSettings,
  document: string,
  variables: Record<string, unknown>,
): Promise<Change> {
  // It asks once and subscribes to nothing, so there is no connection to lose.
  await using client = connectApi(api, () => {});
  return (await client.request<{ change: Change }>(document, variables)).change;
}

function conclude({ id, status }: Change['task']): number {
  process.stdout.write(`${id} ${status}\n`);
  return exitCodes.ok;
}
