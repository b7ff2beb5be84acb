import { graphql, type ResultOf } from '../../client/graphql.ts';

/** What is shown of a queue, in the list and on its own page. */
export const queueFields = graphql(`
  fragment QueueFields on Queue {
    name
    isPaused
    pause {
      at
      actor
      reason
    }
    isDraining
    drain {
      at
      actor
      reason
    }
    waiting
    running
    oldestWaitingSince
    counts {
      scheduled
      queued
      running
      retrying
      canceling
      succeeded
      failed
      canceled
      expired
    }
    enqueuedPerMinute
    finishedPerMinute {
      total
      succeeded
      failed
    }
    workers {
      count
      slots
      busy
    }
    maxWaiting
    limits {
      definition
      isPerKey
      concurrency
      running
      rate {
        count
        per
        burst
      }
      whenFull
      isBlocking
      blockedKeys
    }
    pausedDefinitions {
      name
      pause {
        at
        actor
        reason
      }
    }
  }
`);

export type Queue = ResultOf<typeof queueFields>;
export type QueueLimit = Queue['limits'][number];
