import { Suspense, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { graphql, type ResultOf } from '../client/graphql.ts';
import { useViewer } from '../client/viewer.tsx';
import { useLive } from '../hooks/use-live.ts';
import { Button } from '../parts/button.tsx';
import { Input } from '../parts/field.tsx';
import { Empty, Loading, Page, Panel } from '../parts/page.tsx';
import { Problem } from '../parts/problem.tsx';
import { ScheduleDialog } from './schedules/dialogs.ts';
import { type Schedule, scheduleFields, titleOf } from './schedules/schedule-fields.ts';
import { ScheduleTable } from './schedules/schedule-table.tsx';
import styles from './schedules/schedules.module.css';

const schedulesUpdated = graphql(
  `
    subscription SchedulesUpdated {
      schedulesUpdated {
        schedules {
          ...ScheduleFields
        }
        removedIds
        hasNextPage
      }
    }
  `,
  [scheduleFields],
);

type Update = ResultOf<typeof schedulesUpdated>;

interface Known {
  readonly schedules: ReadonlyMap<string, Schedule>;
  readonly isMore: boolean;
}

/** What enqueues tasks at its times: when it does next, what came of it, and what can be done with it. */
export default function SchedulesPage() {
  const { may } = useViewer();
  const [, navigate] = useLocation();
  // The address says which one is opened: a task leads to the schedule that made it.
  const opened = new URLSearchParams(useSearch()).get('id') ?? undefined;
  const [search, setSearch] = useState('');
  const [isMaking, setMaking] = useState(false);
  const { state, error } = useLive(schedulesUpdated, {}, reduce, { beginsAnew: true });
  const sorted = [...(state?.schedules.values() ?? [])].toSorted(
    (one, other) =>
      one.definition.localeCompare(other.definition) ||
      titleOf(one).localeCompare(titleOf(other)) ||
      one.id.localeCompare(other.id),
  );
  const sought = search.trim().toLowerCase();
  const shown = sorted.filter(({ name, definition }) =>
    `${name ?? ''}\n${definition}`.toLowerCase().includes(sought),
  );
  return (
    <Page
      title="Schedules"
      lead="What enqueues tasks at its times, one task for each."
      actions={
        <>
          {sorted.length > 5 && (
            <Input
              type="search"
              className={styles['search'] ?? ''}
              aria-label="Find a schedule"
              placeholder="Find a schedule  /"
              value={search}
              onChange={({ target }) => setSearch(target.value)}
            />
          )}
          {may('tasks:write') && (
            <Button icon="enqueue" tone="primary" onClick={() => setMaking(true)}>
              New schedule …
            </Button>
          )}
        </>
      }
    >
      <Problem error={error} />
      <Panel>
        {state === undefined ? (
          error === undefined && <Loading label="Loading the schedules" lines={6} />
        ) : shown.length > 0 ? (
          <ScheduleTable
            schedules={shown}
            opened={opened}
            onOpen={(id) =>
              navigate(id === undefined ? '/schedules' : `/schedules?id=${encodeURIComponent(id)}`, {
                replace: true,
              })
            }
          />
        ) : sorted.length === 0 ? (
          <Empty title="There are no schedules so far.">
            A definition has them in its code, as <code>schedule</code>, or they are made here.
          </Empty>
        ) : (
          <Empty title={`No schedule has “${search}” in its name or its definition's.`} />
        )}
        {state?.isMore === true && (
          <p className={styles['foot']}>
            There are more than these: the 100 that were made last, and those that have changed since.
          </p>
        )}
      </Panel>
      <Suspense>{isMaking && <ScheduleDialog onClose={() => setMaking(false)} />}</Suspense>
    </Page>
  );
}

function reduce(known: Known | undefined, { schedulesUpdated: update }: Update): Known {
  const { schedules: changed, removedIds, hasNextPage } = update;
  const schedules = new Map(known?.schedules);
  for (const schedule of changed) schedules.set(schedule.id, schedule);
  for (const id of removedIds) schedules.delete(id);
  return { schedules, isMore: hasNextPage };
}
