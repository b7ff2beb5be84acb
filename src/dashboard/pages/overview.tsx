import { Link } from 'wouter';
import { useViewer } from '../client/viewer.tsx';
import { Page } from '../parts/page.tsx';
import { Problem } from '../parts/problem.tsx';
import { Attention } from './overview/attention.tsx';
import { Charts } from './overview/charts.tsx';
import { Headline } from './overview/headline.tsx';
import { QueueTable } from './overview/queue-table.tsx';
import { StoreLine } from './overview/store-line.tsx';
import { useOverview } from './overview/use-overview.ts';
import { WorkerList } from './overview/worker-list.tsx';
import styles from './overview/overview.module.css';

/** How everything stands, at a glance: what needs attention, what flows, who works. */
export default function OverviewPage() {
  const { may } = useViewer();
  const { queues, minutes, workers, findings, error } = useOverview();
  return (
    <Page
      title="Overview"
      actions={
        may('tasks:write') && (
          <Link href="/enqueue" className={styles['enqueue']}>
            Enqueue a task
          </Link>
        )
      }
    >
      <Problem error={error} />
      <Headline queues={queues} minutes={minutes} workers={workers} />
      <Attention findings={findings} />
      <Charts minutes={minutes} />
      <div className={styles['halves']}>
        <QueueTable queues={queues} />
        <WorkerList workers={workers} />
      </div>
      <StoreLine />
    </Page>
  );
}
