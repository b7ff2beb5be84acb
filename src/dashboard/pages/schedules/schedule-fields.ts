import { graphql, type ResultOf } from '../../client/graphql.ts';

/** What is shown of a schedule. */
export const scheduleFields = graphql(`
  fragment ScheduleFields on Schedule {
    id
    name
    definition
    queue
    owner
    source
    cron {
      expression
      timeZone
    }
    every
    at
    input
    overlap
    missed
    missedCount
    priority
    tags
    isPaused
    pause {
      at
      actor
      reason
    }
    nextRunAt
    nextRuns(first: 5)
    lastRunAt
    lastTask {
      __typename
      id
      createdAt
    }
    lastSkip {
      slot
      reason
    }
    createdAt
  }
`);

export type Schedule = ResultOf<typeof scheduleFields>;

/** What it is called on the page: not each has a name. */
export function titleOf({ name, definition }: Pick<Schedule, 'name' | 'definition'>): string {
  return name ?? definition;
}
