import {
  buildClientSchema,
  getIntrospectionQuery,
  type GraphQLSchema,
  type IntrospectionQuery,
} from 'graphql';
import type { Settings } from '../config.ts';
import { type ApiClient, type ApiSettings, connectApi } from './client.ts';
import { CommandError, exitCodes } from './exit.ts';
import { findDocument, watchDocument } from './operations.ts';
import { ProgressView, reason, type WatchedTask } from './progress.ts';
import { untilAsked } from './signals.ts';

/** `taskwire watch ID`: a task's progress on stderr, its output on stdout, from wherever it is to its end. */
export async function watch(settings: Settings<'watch'>, id: string): Promise<number> {
  return await withApi(settings, async (client, schema, view) => {
    const { task } = await client.request<{ task: { __typename: string } }>(findDocument, { id });
    return await follow(client, schema, view, { id, typeName: task.__typename });
  });
}

/**
 * Follows a task to its end: 0 with the output on stdout, or 1 with the failure on stderr. Ctrl-C ends the
 * watching alone: the task goes on.
 */
export async function follow(
  client: ApiClient,
  schema: GraphQLSchema,
  view: ProgressView,
  task: { readonly id: string; readonly typeName: string },
): Promise<number> {
  const states = client.subscribe<{ taskUpdated: WatchedTask }>(watchDocument(schema, task.typeName), {
    id: task.id,
  });
  const interrupted = untilAsked();
  let last: WatchedTask | undefined;
  while (last?.isFinal !== true) {
    const next = await Promise.race([states.next(), interrupted]);
    if (typeof next === 'string') {
      view.note(`The task goes on. Watch it with: taskwire watch ${task.id}`);
      return exitCodes.interrupted;
    }
    if (next.done === true)
      throw new CommandError(`The API ended the subscription before the task '${task.id}' ended.`);
    last = next.value.taskUpdated;
    view.show(last);
  }
  view[Symbol.dispose]();
  return conclude(last);
}

/** Runs `body` with a connection and the API's schema; closes both the connection and the progress bar. */
export async function withApi(
  api: ApiSettings,
  body: (client: ApiClient, schema: GraphQLSchema, view: ProgressView) => Promise<number>,
): Promise<number> {
  using view = new ProgressView(process.stderr);
  await using client = connectApi(api, (reason) =>
    view.note(`The connection was lost (${reason}); connecting again …`),
  );
  // The types of inputs and outputs are the API's own: nothing of the definitions is needed here.
  const query = getIntrospectionQuery({ descriptions: false });
  return await body(client, buildClientSchema(await client.request<IntrospectionQuery>(query)), view);
}

function conclude(task: WatchedTask): number {
  if (task.status === 'SUCCEEDED') {
    process.stdout.write(`${JSON.stringify(task.output ?? null, undefined, 2)}\n`);
    return exitCodes.ok;
  }
  const why = task.failure === null ? '' : ` with ${reason(task.failure)}`;
  process.stderr.write(`taskwire: ${task.id} ended ${task.status}${why}\n`);
  return exitCodes.failure;
}
