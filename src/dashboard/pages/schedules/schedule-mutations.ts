import { graphql } from '../../client/graphql.ts';

export const createSchedule = graphql(`
  mutation CreateSchedule(
    $definition: String!
    $schedule: ScheduleSpec!
    $name: String
    $input: JSON
    $overlap: ScheduleOverlap
    $missed: MissedSlots
    $priority: Int
    $tags: [String!]
  ) {
    createSchedule(
      definition: $definition
      schedule: $schedule
      name: $name
      input: $input
      overlap: $overlap
      missed: $missed
      priority: $priority
      tags: $tags
    ) {
      schedule {
        id
      }
    }
  }
`);

export const updateSchedule = graphql(`
  mutation UpdateSchedule(
    $id: ID!
    $schedule: ScheduleSpec
    $name: String
    $input: JSON
    $overlap: ScheduleOverlap
    $missed: MissedSlots
    $priority: Int
    $tags: [String!]
  ) {
    updateSchedule(
      id: $id
      schedule: $schedule
      name: $name
      input: $input
      overlap: $overlap
      missed: $missed
      priority: $priority
      tags: $tags
    ) {
      schedule {
        id
      }
    }
  }
`);

export const pauseSchedule = graphql(`
  mutation PauseSchedule($id: ID!, $reason: String) {
    pauseSchedule(id: $id, reason: $reason) {
      schedule {
        id
        isPaused
      }
    }
  }
`);

export const resumeSchedule = graphql(`
  mutation ResumeSchedule($id: ID!) {
    resumeSchedule(id: $id) {
      schedule {
        id
        isPaused
      }
    }
  }
`);

export const runScheduleNow = graphql(`
  mutation RunScheduleNow($id: ID!) {
    runScheduleNow(id: $id) {
      task {
        __typename
        id
      }
    }
  }
`);

export const deleteSchedule = graphql(`
  mutation DeleteSchedule($id: ID!) {
    deleteSchedule(id: $id) {
      schedule {
        id
      }
    }
  }
`);
