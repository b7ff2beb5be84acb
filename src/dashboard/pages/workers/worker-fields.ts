import { graphql, type FragmentOf } from '../../client/graphql.ts';

/** What the page shows of a worker. */
export const workerFields = graphql(`
  fragment WorkerFields on Worker {
    id
    host
    pid
    version
    startedAt
    renewedAt
    isDraining
    drain {
      at
      actor
      reason
    }
    slots
    busy
    load
    memoryBytes
    queues {
      name
      slots
      busy
    }
    definitions
    runs(first: 20) {
      definition
      attempt
      startedAt
      task {
        id
        progress {
          fraction
          message
        }
      }
    }
  }
`);

export type Worker = FragmentOf<typeof workerFields>;
