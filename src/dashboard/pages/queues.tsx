import { useState } from 'react';
import { graphql } from '../client/graphql.ts';
import { useLive } from '../hooks/use-live.ts';
import { Input } from '../parts/field.tsx';
import { Empty, Loading, Page, Panel } from '../parts/page.tsx';
import { Problem } from '../parts/problem.tsx';
import { type Queue, queueFields } from './queue/queue-fields.ts';
import { QueueTable } from './queues/queue-table.tsx';

const queuesUpdated = graphql(
  `
    subscription QueuesUpdated {
      queuesUpdated {
        ...QueueFields
      }
    }
  `,
  [queueFields],
);

/** All queues: how much waits in them, how fast they are worked off, and what holds them up. */
export default function QueuesPage() {
  const [search, setSearch] = useState('');
  const { state: queues, error } = useLive<
    { readonly queuesUpdated: readonly Queue[] },
    Record<string, never>,
    ReadonlyMap<string, Queue>
  >(
    queuesUpdated,
    {},
    (known, { queuesUpdated: changed }) => {
      return new Map([...(known ?? []), ...changed.map((queue) => [queue.name, queue] as const)]);
    },
    { beginsAnew: true },
  );
  const sorted = [...(queues?.values() ?? [])].toSorted((one, other) => one.name.localeCompare(other.name));
  const shown = sorted.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()));
  return (
    <Page
      title="Queues"
      lead="Lines in which tasks wait for a slot of a worker."
      actions={
        sorted.length > 5 && (
          <Input
            type="search"
            aria-label="Find a queue"
            placeholder="Find a queue  /"
            value={search}
            onChange={({ target }) => setSearch(target.value)}
          />
        )
      }
    >
      <Problem error={error} />
      <Panel>
        {queues === undefined ? (
          <Loading label="Loading the queues" lines={6} />
        ) : shown.length > 0 ? (
          <QueueTable queues={shown} />
        ) : search === '' ? (
          <Empty title="There are no queues so far.">
            A queue appears as soon as a worker or an API has loaded a definition that names it.
          </Empty>
        ) : (
          <Empty title={`No queue's name has “${search}” in it.`} />
        )}
      </Panel>
    </Page>
  );
}
