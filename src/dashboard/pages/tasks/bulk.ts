import { type Client, type CombinedError, type TypedDocumentNode } from 'urql';
import { graphql, type ResultOf } from '../../client/graphql.ts';
import type { TaskFilter } from './filter.ts';

export const actions = ['cancel', 'retry', 'replay'] as const;
/** What can be done to many tasks at once. */
export type BulkAction = (typeof actions)[number];

/** Tasks that one call acts on: few enough that the dialog moves, and that stopping means something. */
const pageSize = 200;

const bulkTotal = graphql(`
  fragment BulkTotal on TaskCount {
    count
    isExact
  }
`);

const bulkResult = graphql(`
  fragment BulkResult on TaskActionResult {
    id
    accepted
    error {
      message
    }
  }
`);

// Each has a payload of its own type, so that a fragment can't be of all three.
const cancelTasks = graphql(
  `
    mutation CancelTasks(
      $filter: TaskFilter!
      $dryRun: Boolean!
      $first: Int!
      $after: String
      $reason: String
    ) {
      outcome: cancelTasks(filter: $filter, dryRun: $dryRun, first: $first, after: $after, reason: $reason) {
        acceptedCount
        endCursor
        hasMore
        totalCount {
          ...BulkTotal
        }
        results {
          ...BulkResult
        }
      }
    }
  `,
  [bulkTotal, bulkResult],
);

const retryTasks = graphql(
  `
    mutation RetryTasks($filter: TaskFilter!, $dryRun: Boolean!, $first: Int!, $after: String) {
      outcome: retryTasks(filter: $filter, dryRun: $dryRun, first: $first, after: $after) {
        acceptedCount
        endCursor
        hasMore
        totalCount {
          ...BulkTotal
        }
        results {
          ...BulkResult
        }
      }
    }
  `,
  [bulkTotal, bulkResult],
);

const replayTasks = graphql(
  `
    mutation ReplayTasks($filter: TaskFilter!, $dryRun: Boolean!, $first: Int!, $after: String) {
      outcome: replayTasks(filter: $filter, dryRun: $dryRun, first: $first, after: $after) {
        acceptedCount
        endCursor
        hasMore
        totalCount {
          ...BulkTotal
        }
        results {
          ...BulkResult
        }
      }
    }
  `,
  [bulkTotal, bulkResult],
);

interface Variables {
  readonly filter: TaskFilter;
  readonly dryRun: boolean;
  readonly first: number;
  readonly after?: string | null;
  readonly reason?: string | null;
}

type Outcome = ResultOf<typeof cancelTasks | typeof retryTasks | typeof replayTasks>['outcome'];

/** The three differ by their name and the reason alone. */
const documents = { cancel: cancelTasks, retry: retryTasks, replay: replayTasks } as unknown as Readonly<
  Record<BulkAction, TypedDocumentNode<{ readonly outcome: Outcome }, Variables>>
>;

/** Why some tasks were left as they are. */
export interface Refusal {
  readonly message: string;
  readonly count: number;
  /** Some of them. */
  readonly ids: readonly string[];
}

/** How far an action has come. */
export interface BulkProgress {
  readonly done: number;
  readonly accepted: number;
  readonly refusals: readonly Refusal[];
  readonly error?: CombinedError | undefined;
}

/** For how many tasks of a filter an action is; nothing changes. */
export async function countFor(client: Client, action: BulkAction, filter: TaskFilter) {
  const { data, error } = await client
    .mutation(documents[action], { filter, dryRun: true, first: 1 })
    .toPromise();
  return { total: data?.outcome.totalCount, error };
}

/** Acts on the tasks of a filter, page by page, and yields how far it is after each, until the signal aborts. */
export async function* actOn(
  client: Client,
  action: BulkAction,
  filter: TaskFilter,
  reason: string,
  signal: AbortSignal,
): AsyncGenerator<BulkProgress> {
  let progress: BulkProgress = { done: 0, accepted: 0, refusals: [] };
  let after: string | null = null;
  while (!signal.aborted) {
    const variables: Variables = {
      filter,
      dryRun: false,
      first: pageSize,
      after,
      ...(action === 'cancel' && reason !== '' ? { reason } : {}),
    };
    const { data, error } = await client.mutation(documents[action], variables).toPromise();
    if (error !== undefined || data === undefined) {
      yield { ...progress, error };
      return;
    }
    const { outcome } = data;
    progress = {
      done: progress.done + outcome.results.length,
      accepted: progress.accepted + outcome.acceptedCount,
      refusals: withRefused(progress.refusals, outcome.results),
    };
    yield progress;
    if (!outcome.hasMore) return;
    after = outcome.endCursor;
  }
}

function withRefused(refusals: readonly Refusal[], results: Outcome['results']): Refusal[] {
  const next = new Map(refusals.map((refusal) => [refusal.message, refusal]));
  for (const { id, accepted, error } of results) {
    if (accepted) continue;
    const message = error?.message ?? 'It had moved on meanwhile.';
    const { count = 0, ids = [] } = next.get(message) ?? {};
    next.set(message, { message, count: count + 1, ids: ids.length < 5 ? [...ids, id] : ids });
  }
  return [...next.values()];
}
