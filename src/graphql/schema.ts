import { GraphQLSchema, isScalarType, lexicographicSortSchema, printSchema } from 'graphql';
import { createBuilder } from '../definition/builder.ts';
import type { TaskDefinition } from '../definition/definition.ts';
import { generatedNames } from '../definition/names.ts';
import { addTypes } from '../definition/types.ts';
import { ConfigurationError } from '../errors.ts';
import { guardRootFields } from './access.ts';
import { addActivity } from './activity.ts';
import { addActionError } from './action-error.ts';
import { addApiTokens } from './api-tokens.ts';
import { auditRootFields } from './audit.ts';
import { addAuditEvents } from './audit-events.ts';
import { addBatches } from './batch.ts';
import { addBatchMutation } from './batch-mutation.ts';
import { addBulk } from './bulk.ts';
import { addCancel } from './cancel.ts';
import { nameClashes } from './clashes.ts';
import { addChildren } from './children.ts';
import { addConnectionTypes } from './connection.ts';
import type { Context } from './context.ts';
import { addDefinition } from './definition.ts';
import { addDefinitions } from './definitions.ts';
import { addFilterTypes } from './filter.ts';
import { addFindings } from './findings.ts';
import { addLiveList } from './live-list.ts';
import { addLogs } from './logs.ts';
import { addOptions } from './options.ts';
import { addQueries } from './queries.ts';
import { addQueueControl } from './queue-control.ts';
import { addQueueLimits } from './queue-limits.ts';
import { addQueuePurge } from './queue-purge.ts';
import { addQueueTypes } from './queue.ts';
import { addQueues } from './queues.ts';
import { addReplay } from './replay.ts';
import { addRetry } from './retry.ts';
import { addLiveSchedules } from './live-schedules.ts';
import { addScheduleMutations } from './schedule-mutations.ts';
import { addScheduleQueries } from './schedule-queries.ts';
import { addScheduleTypes } from './schedule.ts';
import { addStore } from './store.ts';
import { addSubscriptions } from './subscriptions.ts';
import { addTaskTypes } from './task.ts';
import { addTaskWaits } from './task-wait.ts';
import { addViewer } from './viewer.ts';
import { addWatchTokens, addWatchTokenTypes } from './watch-token.ts';
import { addWaitingChanges } from './waiting-changes.ts';
import { addWorkerTypes } from './worker.ts';
import { addWorkers } from './workers.ts';

/**
 * Builds the API's schema: what works for every task, and what each definition brings. Throws a
 * ConfigurationError that names every clash of generated names.
 */
export function buildSchema(definitions: readonly TaskDefinition[]): GraphQLSchema {
  const clashes = nameClashes(build([]), definitions);
  if (clashes.length > 0) throw new ConfigurationError(clashes);
  return build(definitions);
}

/** The schema as text, sorted: the same definitions always print the same. */
export function printTaskwireSchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}

function build(definitions: readonly TaskDefinition[]): GraphQLSchema {
  const builder = createBuilder<Context>();
  builder.queryType({ description: 'What can be read once. To follow a task, subscribe to it.' });
  builder.mutationType({
    description: 'What can be changed: one field for each definition enqueues a task.',
  });
  builder.subscriptionType({ description: 'What can be followed live, over WebSocket or SSE.' });

  const typeNames = new Map(definitions.map(({ name }) => [name, generatedNames(name).types.task]));
  const types = addTaskTypes(builder, typeNames);
  const filterTypes = addFilterTypes(builder, types);
  const options = addOptions(builder);
  const actionError = addActionError(builder);
  const watchTokens = addWatchTokenTypes(builder);
  const all = {
    ...watchTokens,
    ...types,
    ...filterTypes,
    ...addConnectionTypes(builder, types),
    options,
    actionError,
  };
  addViewer(builder, watchTokens);
  addQueries(builder, all);
  addDefinitions(builder);
  addChildren(builder, all);
  addTaskWaits(builder, types);
  addCancel(builder, types);
  addRetry(builder, types);
  addWatchTokens(builder, watchTokens);
  addReplay(builder, all, options);
  addBulk(builder, all);
  addSubscriptions(builder, types);
  addLiveList(builder, all);
  addLogs(builder, types);
  addBatches(builder, all);
  addWaitingChanges(builder, types);
  const queueTypes = addQueueTypes(builder);
  addQueues(builder, queueTypes);
  addActivity(builder, queueTypes);
  addQueueControl(builder, queueTypes);
  addQueuePurge(builder, queueTypes);
  addQueueLimits(builder, queueTypes);
  addFindings(builder);
  addStore(builder);
  addWorkers(builder, addWorkerTypes(builder, { ...types, ...queueTypes }));
  const schedules = { ...all, ...addScheduleTypes(builder, types) };
  addScheduleQueries(builder, schedules);
  addLiveSchedules(builder, schedules);
  addScheduleMutations(builder, schedules, options);
  addAuditEvents(builder, all);
  addApiTokens(builder, all);

  const definitionTypes = addTypes(builder, definitions);
  for (const definition of definitions) {
    const own = definitionTypes.get(definition.name);
    // `addTypes` answers for each definition it was given.
    if (own === undefined) continue;
    const typed = addDefinition(builder, definition, own, all, options);
    if (own.input !== undefined) addBatchMutation(builder, definition, own.input, typed, all);
  }
  // Unsorted: GraphiQL shows types and fields in the order in which they are told.
  const config = builder.toSchema({ sortSchema: false }).toConfig();
  // The builder knows many scalars; the schema shows those that something uses.
  const schema = new GraphQLSchema({ ...config, types: config.types.filter((type) => !isScalarType(type)) });
  guardRootFields(schema);
  // After it: what is refused is written down, too.
  auditRootFields(schema);
  return schema;
}
