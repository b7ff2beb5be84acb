import type { CompiledDefinition } from '../definition/types.ts';
import { BadUserInputError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { parseSchedule, scheduleOptions, type StoredSchedule } from './schedule-record.ts';
import { itemsPerCall } from './scripts/bounds.ts';
import { put } from './scripts/schedule-changes.ts';
import { listSchedules } from './scripts/schedule-read.ts';
import type { Store } from './store.ts';

/**
 * Brings what the tasks of requested schedules are made with in step with their definition, whose limits and keys may
 * be others than when the schedules were made.
 */
export async function refreshSchedules(
  store: Store,
  queue: string,
  compiled: CompiledDefinition,
  logger: Logger,
): Promise<void> {
  let from = '+inf';
  for (;;) {
    const args = [itemsPerCall, from, compiled.definition.name];
    const page = (await store.run(listSchedules, queue, args)) as string[][];
    const schedules = page.flatMap((fields) => parseSchedule(fields) ?? []);
    for (const schedule of schedules) {
      if (schedule.source === 'API') await refresh(store, queue, compiled, schedule, logger);
    }
    const last = schedules.at(-1);
    if (last === undefined || schedules.length < itemsPerCall) return;
    from = `(${last.created}`;
  }
}

async function refresh(
  store: Store,
  queue: string,
  compiled: CompiledDefinition,
  { id, input, owner, priority, options, revision }: StoredSchedule,
  logger: Logger,
): Promise<void> {
  try {
    const coerced = await compiled.coerceInput(input);
    const fresh = scheduleOptions(id, compiled, coerced, owner, priority);
    // Where somebody changes it meanwhile, that one knows the definition as well.
    if (fresh !== options) await store.run(put, queue, [id, revision, '=', '', '', 'options', fresh]);
  } catch (error) {
    if (!(error instanceof BadUserInputError)) throw error;
    const { name } = compiled.definition;
    logger.warn({ err: error, schedule: id, definition: name }, 'the input of a schedule is no longer valid');
  }
}
