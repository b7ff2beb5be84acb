import { graphql } from '../../client/graphql.ts';

export const pauseQueue = graphql(`
  mutation PauseQueue($name: String!, $reason: String) {
    pauseQueue(name: $name, reason: $reason) {
      queue {
        name
        isPaused
      }
    }
  }
`);

export const drainQueue = graphql(`
  mutation DrainQueue($name: String!, $reason: String) {
    drainQueue(name: $name, reason: $reason) {
      queue {
        name
        isDraining
      }
    }
  }
`);

export const resumeQueue = graphql(`
  mutation ResumeQueue($name: String!) {
    resumeQueue(name: $name) {
      queue {
        name
        isPaused
        isDraining
      }
    }
  }
`);

export const purgeQueue = graphql(`
  mutation PurgeQueue($name: String!, $definition: String, $dryRun: Boolean!, $reason: String) {
    purgeQueue(name: $name, definition: $definition, dryRun: $dryRun, reason: $reason) {
      canceledCount
      leftCount
    }
  }
`);

export const updateQueue = graphql(`
  mutation UpdateQueue($name: String!, $limit: QueueLimitInput, $maxWaiting: Int) {
    updateQueue(name: $name, limit: $limit, maxWaiting: $maxWaiting) {
      queue {
        name
        maxWaiting
      }
    }
  }
`);

export const pauseDefinition = graphql(`
  mutation PauseDefinition($name: String!, $reason: String) {
    pauseDefinition(name: $name, reason: $reason) {
      __typename
    }
  }
`);

export const resumeDefinition = graphql(`
  mutation ResumeDefinition($name: String!) {
    resumeDefinition(name: $name) {
      __typename
    }
  }
`);
