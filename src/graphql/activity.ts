import type { ActivityMinute } from '../tasks/activity.ts';
import type { DurationSummary } from '../tasks/histogram.ts';
import { needs } from './access.ts';
import { costs } from './cost.ts';
import { durationText } from './duration-text.ts';
import type { QueueTypes } from './queue.ts';
import type { ApiBuilder } from './state.ts';
import { openStartedStream } from './stream.ts';

/** What both fields cost for each minute, with all that is selected in it. */
const points = { points: 0.5, size: 60, coversAll: true };

/** Adds the fields that tell what happened in each minute of the last hour. */
export function addActivity(builder: ApiBuilder, { flow }: QueueTypes): void {
  const duration = addDurationSummary(builder);

  const minute = builder.objectRef<ActivityMinute>('ActivityMinute').implement({
    description: 'What happened in one minute of the clock, by the time of the store.',
    fields: (t) => ({
      at: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'When it began; it is over a minute later.',
        resolve: ({ at }) => new Date(at),
      }),
      enqueued: t.expose('enqueued', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Tasks that came: one that is retried by hand is not enqueued again.',
      }),
      started: t.expose('started', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Attempts that began.',
      }),
      finished: t.expose('finished', {
        type: flow,
        nullable: false,
        description: 'Tasks that became final, by how they ended.',
      }),
      attemptsFailed: t.expose('attemptsFailed', {
        type: 'NonNegativeInt',
        nullable: false,
        description:
          'Attempts that failed, ran out of time or went down with their worker, whether or not another one followed.',
      }),
      wait: t.expose('wait', {
        type: duration,
        nullable: false,
        description:
          'How long tasks had waited for a slot, of the attempts that began: since they became `QUEUED`.',
      }),
      run: t.expose('run', {
        type: duration,
        nullable: false,
        description:
          'How long attempts ran that ended: not those that were lost with their worker or given back. What a run waits ' +
          'for its children is part of it.',
      }),
    }),
  });

  const args = builder.args((t) => ({
    queues: t.stringList({ description: 'Only these queues; all where it is left out.' }),
    definitions: t.stringList({ description: 'Only these definitions; all where it is left out.' }),
    minutes: t.int({ defaultValue: 60, description: 'How many minutes, the current one included: 1 to 60.' }),
  }));

  builder.queryField('activity', (t) =>
    t.field({
      type: [minute],
      nullable: { list: false, items: false },
      description:
        'What happened in each of the last minutes, the oldest first; the last one goes on. Minutes in which nothing ' +
        'happened are there, with zeros.',
      extensions: { ...needs('queues:manage'), ...costs(points) },
      args,
      resolve: (_, given, { tasks }) => tasks.queues.activities.read(selectionOf(given)),
    }),
  );

  builder.subscriptionField('activityUpdated', (t) =>
    t.field({
      type: [minute],
      nullable: { list: false, items: false },
      description:
        'All of the last minutes as `activity` gives them, then each time those that have changed, at most every two ' +
        'seconds: what has the same `at` takes the place of what was there. Nothing is sent while nothing happens: a minute ' +
        'that never came has only zeros, and who shows a moving window moves it by a clock. After a gap in the connection ' +
        'to the store all that differs is sent. Ends only with the connection.',
      extensions: { ...needs('queues:manage'), ...costs(points) },
      args,
      subscribe: (_, given, { tasks, signal }) =>
        openStartedStream((signal) => tasks.queues.activities.watch(selectionOf(given), { signal }), signal),
      resolve: (minutes) => minutes,
    }),
  );
}

function addDurationSummary(builder: ApiBuilder) {
  return builder.objectRef<DurationSummary>('DurationSummary').implement({
    description:
      'How long some things took. They are counted in pieces that grow by √2, so that each of these is at most 19 % or 1 ms ' +
      'beside the exact one.',
    fields: (t) => {
      const percentile = (which: 'p50' | 'p95' | 'p99' | 'max', description: string) =>
        t.field({
          type: 'Duration',
          nullable: true,
          description: `${description}; null where nothing was timed.`,
          resolve: (summary) => durationText(summary[which]),
        });
      return {
        count: t.expose('count', {
          type: 'NonNegativeInt',
          nullable: false,
          description: 'How many were timed.',
        }),
        p50: percentile('p50', 'Half of them took no longer'),
        p95: percentile('p95', '95 % of them took no longer'),
        p99: percentile('p99', '99 % of them took no longer'),
        max: percentile('max', 'None of them took longer'),
      };
    },
  });
}

interface Given {
  readonly queues?: readonly string[] | null | undefined;
  readonly definitions?: readonly string[] | null | undefined;
  readonly minutes?: number | null | undefined;
}

function selectionOf({ queues, definitions, minutes }: Given) {
  return { queues: queues ?? undefined, definitions: definitions ?? undefined, minutes: minutes ?? 60 };
}
