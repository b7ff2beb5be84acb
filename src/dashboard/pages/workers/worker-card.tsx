import { useState } from 'react';
import { useMutation } from 'urql';
import { Link } from 'wouter';
import { graphql } from '../../client/graphql.ts';
import { useViewer } from '../../client/viewer.tsx';
import { ActLine } from '../../parts/act-line.tsx';
import { Ask } from '../../parts/ask.tsx';
import { Button } from '../../parts/button.tsx';
import { formatBytes } from '../../parts/format.ts';
import { Meter } from '../../parts/meter.tsx';
import { Panel } from '../../parts/page.tsx';
import { messagesOf } from '../../parts/problem.tsx';
import { Elapsed, TimeAgo } from '../../parts/time.tsx';
import { toast } from '../../parts/toasts.tsx';
import type { Worker } from './worker-fields.ts';
import { WorkerRuns } from './worker-runs.tsx';
import styles from './workers.module.css';

/** A worker in full. */
export function WorkerCard({
  worker,
  isOdd,
}: {
  readonly worker: Worker;
  /** Its version isn't that of the others. */
  readonly isOdd: boolean;
}) {
  const { may } = useViewer();
  const { host, pid, version, drain } = worker;
  return (
    <Panel
      title={
        <>
          {host} <span className="faint">{pid}</span>
        </>
      }
      aside={may('queues:manage') && <DrainButton worker={worker} />}
    >
      {drain !== null && (
        <p className={styles['notice']}>
          It takes nothing more: drained <ActLine act={drain} />
        </p>
      )}
      <dl className={styles['facts']}>
        <div>
          <dt>Slots</dt>
          <dd>
            <Meter value={worker.busy} max={worker.slots} label="Slots that are taken" />
          </dd>
        </div>
        <div>
          <dt>Load</dt>
          <dd className="number">
            {worker.load === null ? '–' : `${Math.round(worker.load * 100)} % of a core`}
          </dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd className="number">{formatBytes(worker.memoryBytes)}</dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>
            {version} {isOdd && <span className={styles['odd']}>not that of the others</span>}
          </dd>
        </div>
        <div>
          <dt>Up for</dt>
          <dd>
            <Elapsed from={worker.startedAt} />
          </dd>
        </div>
        <div>
          <dt>Heard of</dt>
          <dd>
            <TimeAgo at={worker.renewedAt} />
          </dd>
        </div>
      </dl>
      <p className={styles['queues']}>
        {worker.queues.map(({ name, busy, slots }) => (
          <Link key={name} href={`/queues/${encodeURIComponent(name)}`}>
            {name} <span className="number">{`${busy} / ${slots}`}</span>
          </Link>
        ))}
      </p>
      <WorkerRuns runs={worker.runs} />
      <p className={styles['id']}>
        <code>{worker.id}</code>
      </p>
    </Panel>
  );
}

const drainWorker = graphql(`
  mutation DrainWorker($id: ID!, $reason: String) {
    drainWorker(id: $id, reason: $reason) {
      worker {
        id
        isDraining
      }
    }
  }
`);

const resumeWorker = graphql(`
  mutation ResumeWorker($id: ID!) {
    resumeWorker(id: $id) {
      worker {
        id
        isDraining
      }
    }
  }
`);

function DrainButton({ worker: { id, host, isDraining } }: { readonly worker: Worker }) {
  const [isAsking, setAsking] = useState(false);
  const [, drain] = useMutation(drainWorker);
  const [{ fetching }, resume] = useMutation(resumeWorker);
  if (isDraining) {
    const undo = async (): Promise<void> => {
      const { error } = await resume({ id });
      toast(error === undefined ? `${host} takes tasks again.` : messagesOf(error).join(' '), error && 'bad');
    };
    return (
      <Button icon="play" tone="quiet" isBusy={fetching} onClick={() => void undo()}>
        Resume
      </Button>
    );
  }
  return (
    <>
      <Button icon="drain" tone="quiet" onClick={() => setAsking(true)}>
        Drain …
      </Button>
      {isAsking && (
        <Ask
          title={`Drain ${host}?`}
          verb="Drain it"
          hasReason
          onDo={async (reason) => await drain({ id, reason })}
          onClose={() => setAsking(false)}
        >
          <p>It takes no new tasks, ends what it runs, and stays until it is resumed or its process ends.</p>
        </Ask>
      )}
    </>
  );
}
