import { queueNamePattern } from '../definition/names.ts';
import { BadUserInputError, type Issue } from '../errors.ts';
import { queueOf, queueOfBatch, scheduleQueueOf } from '../tasks/id.ts';
import type { TaskFilter } from '../tasks/list.ts';
import type { ApiBuilder } from './state.ts';
import type { TaskTypes } from './task.ts';

/** Adds the inputs that say which tasks a list holds, and in which order. */
export function addFilterTypes(builder: ApiBuilder, { status }: TaskTypes) {
  const filter = builder.inputType('TaskFilter', {
    description: 'Which tasks: all fields that are given must match; a list matches by any of its members.',
    fields: (t) => ({
      ids: t.idList({ description: 'Complete ids of tasks: a selection. What is not there is left out.' }),
      names: t.stringList({ description: 'Names of definitions.' }),
      queues: t.stringList({ description: 'Names of queues.' }),
      statuses: t.field({ type: [status], description: 'Where a task is in its life.' }),
      tags: t.stringList({ description: 'Tags; a task matches that has any of them.' }),
      parents: t.idList({ description: 'Ids of tasks: a task matches that one of them enqueued.' }),
      schedules: t.idList({ description: 'Ids of schedules: a task matches that one of them made.' }),
      batches: t.idList({ description: 'Ids of batches: a task matches that belongs to one of them.' }),
      owners: t.stringList({
        description: 'Owners: who is not `admin` finds its own tasks alone, whatever it says.',
      }),
      createdAfter: t.field({ type: 'DateTimeISO', description: 'Created at this time or later.' }),
      createdBefore: t.field({ type: 'DateTimeISO', description: 'Created before this time.' }),
    }),
  });

  const orderField = builder.enumType('TaskOrderField', {
    description: 'What a list of tasks can be ordered by.',
    values: { CREATED_AT: { description: 'When a task was enqueued.' } },
  });

  const direction = builder.enumType('OrderDirection', {
    description: 'Which end of a list comes first.',
    values: {
      ASC: { description: 'Oldest, lowest first.' },
      DESC: { description: 'Newest, highest first.' },
    },
  });

  const order = builder.inputType('TaskOrder', {
    description: 'The order of a list of tasks.',
    fields: (t) => ({
      field: t.field({ type: orderField, required: true, description: 'What to order by.' }),
      direction: t.field({ type: direction, required: true, description: 'Which end comes first.' }),
    }),
  });

  return { filter, order };
}

/** The inputs of lists. */
export type FilterTypes = ReturnType<typeof addFilterTypes>;

/** What a client sent as `TaskFilter`. */
export type FilterInput = FilterTypes['filter']['$inferInput'];

/** More members than anyone picks by hand; each costs the store a look. */
const maxMembers = 100;

/**
 * The filter as the store knows it. A field that is null or left out doesn't count.
 *
 * @throws BadUserInputError
 */
export function filterOf(input: FilterInput | null | undefined): TaskFilter {
  const { createdAfter, createdBefore, ...lists } = input ?? {};
  const { ids, names, queues, statuses, tags, parents, schedules, batches, owners } = lists;
  const issues: Issue[] = Object.entries(lists)
    .filter(([, members]) => (members?.length ?? 0) > maxMembers)
    .map(([field]) => ({ path: ['filter', field], message: `Expected at most ${maxMembers} members.` }));
  for (const [index, queue] of (queues ?? []).entries()) {
    // A queue's name becomes part of a key.
    if (queueNamePattern.test(queue)) continue;
    issues.push({ path: ['filter', 'queues', index], message: `Expected ${queueNamePattern.source}.` });
  }
  for (const [field, members] of Object.entries({ ids, parents })) {
    for (const [index, id] of (members ?? []).entries()) {
      // An id becomes part of a key, too.
      if (queueOf(id) !== undefined) continue;
      issues.push({ path: ['filter', field, index], message: 'Expected the complete id of a task.' });
    }
  }
  for (const [index, schedule] of (schedules ?? []).entries()) {
    if (scheduleQueueOf(schedule) !== undefined) continue;
    issues.push({ path: ['filter', 'schedules', index], message: 'Expected the id of a schedule.' });
  }
  for (const [index, batch] of (batches ?? []).entries()) {
    if (queueOfBatch(batch) !== undefined) continue;
    issues.push({ path: ['filter', 'batches', index], message: 'Expected the id of a batch.' });
  }
  if (issues.length > 0) throw new BadUserInputError("The filter can't be used.", issues);
  return {
    ...(ids ? { ids } : {}),
    ...(names ? { names } : {}),
    ...(queues ? { queues } : {}),
    ...(statuses ? { statuses } : {}),
    ...(tags ? { tags } : {}),
    ...(parents ? { parents } : {}),
    ...(schedules ? { schedules } : {}),
    ...(batches ? { batches } : {}),
    ...(owners ? { owners } : {}),
    ...(createdAfter ? { createdAfter: createdAfter.getTime() } : {}),
    ...(createdBefore ? { createdBefore: createdBefore.getTime() } : {}),
  };
}
