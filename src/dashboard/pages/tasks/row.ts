import { graphql, type ResultOf } from '../../client/graphql.ts';

/** What a row shows of a task. */
export const rowFields = graphql(`
  fragment TaskRow on Task {
    id
    name
    queue
    status
    owner
    version
    createdAt
    startedAt
    finishedAt
    nextAttemptAt
    failedAttempts
    maxAttempts
    attempt
    tags
    isFinal
    canCancel
    canRetry
    progress {
      fraction
      message
    }
    failure {
      code
      message
    }
  }
`);

export type TaskRow = ResultOf<typeof rowFields>;

/** A live window of the list, and how many tasks the list has. */
export const tasksWindow = graphql(
  `
    subscription TasksWindow($filter: TaskFilter, $direction: OrderDirection!, $first: Int!, $after: String) {
      tasksUpdated(
        filter: $filter
        orderBy: { field: CREATED_AT, direction: $direction }
        first: $first
        after: $after
      ) {
        reset {
          edges {
            cursor
            node {
              ...TaskRow
            }
          }
        }
        changes {
          kind
          index
          cursor
          task {
            ...TaskRow
          }
        }
        hasNextPage
        totalCount {
          count
          isExact
        }
      }
    }
  `,
  [rowFields],
);

export type WindowUpdate = ResultOf<typeof tasksWindow>['tasksUpdated'];

/** The places just before a row: where a window above begins. */
export const tasksBefore = graphql(`
  query TasksBefore($filter: TaskFilter, $direction: OrderDirection!, $last: Int!, $before: String!) {
    tasks(
      filter: $filter
      orderBy: { field: CREATED_AT, direction: $direction }
      last: $last
      before: $before
    ) {
      edges {
        cursor
      }
      pageInfo {
        hasPreviousPage
      }
    }
  }
`);

/** The first task of a list, where it is and how many there are: by it a place far away is found. */
export const tasksProbe = graphql(`
  query TasksProbe($filter: TaskFilter, $direction: OrderDirection!) {
    tasks(filter: $filter, orderBy: { field: CREATED_AT, direction: $direction }, first: 1) {
      edges {
        cursor
        node {
          id
          createdAt
        }
      }
      totalCount {
        count
        isExact
      }
    }
  }
`);
