import { graphql } from '../../client/graphql.ts';

export const cancelTask = graphql(`
  mutation CancelTask($id: ID!, $reason: String) {
    cancelTask(id: $id, reason: $reason) {
      accepted
      task {
        __typename
        id
        status
      }
    }
  }
`);

export const retryTask = graphql(`
  mutation RetryTask($id: ID!) {
    retryTask(id: $id) {
      accepted
      task {
        __typename
        id
        status
      }
    }
  }
`);

export const replayTask = graphql(`
  mutation ReplayTask($id: ID!) {
    replayTask(id: $id) {
      task {
        __typename
        id
        status
      }
    }
  }
`);

export const reprioritizeTask = graphql(`
  mutation ReprioritizeTask($id: ID!, $priority: Int!) {
    reprioritizeTask(id: $id, priority: $priority) {
      accepted
      task {
        __typename
        id
        priority
      }
    }
  }
`);

export const rescheduleTask = graphql(`
  mutation RescheduleTask($id: ID!, $runAt: DateTimeISO!) {
    rescheduleTask(id: $id, runAt: $runAt) {
      accepted
      task {
        __typename
        id
        nextAttemptAt
      }
    }
  }
`);
