import { graphql, type ResultOf } from '../../client/graphql.ts';

/** What never changes of a task, or hardly ever: asked for once. */
export const taskData = graphql(`
  query TaskData($id: ID!) {
    task(id: $id) {
      id
      input
      parent {
        id
        name
        status
      }
      replayOf {
        id
        name
        status
      }
      batch {
        id
        name
        total
      }
      schedule {
        id
        name
        definition
      }
    }
  }
`);

export type TaskData = NonNullable<ResultOf<typeof taskData>['task']>;

/** What its definition says: how it is enqueued again, and whether whoever looks may. */
export const taskDefinition = graphql(`
  query TaskDefinition($name: String!) {
    definition(name: $name) {
      name
      mutation
      inputType
      canEnqueue
    }
  }
`);

export type Definition = NonNullable<ResultOf<typeof taskDefinition>['definition']>;
