import { Link } from 'wouter';
import { formatBytes } from '../../parts/format.ts';
import { Empty, Loading, Panel } from '../../parts/page.tsx';
import type { Overview } from './use-overview.ts';
import styles from './overview.module.css';

/** Who works: the first twenty. */
export function WorkerList({ workers }: Pick<Overview, 'workers'>) {
  return (
    <Panel title={<Link href="/workers">Workers</Link>}>
      {workers === undefined && <Loading />}
      {workers?.length === 0 && (
        <Empty title="No worker is there">
          Start one: <code>taskwire worker</code>
        </Empty>
      )}
      {workers !== undefined && workers.length > 0 && (
        <div className={styles['scroll']}>
          <table className={styles['table']}>
            <thead>
              <tr>
                <th scope="col">Worker</th>
                <th scope="col">Slots</th>
                <th scope="col">Load</th>
                <th scope="col">Memory</th>
                <th scope="col">Queues</th>
              </tr>
            </thead>
            <tbody>
              {workers.slice(0, 20).map((worker) => (
                <tr key={worker.id}>
                  <th scope="row">
                    {worker.host} <span className="faint">{worker.pid}</span>
                    {worker.isDraining && <span className={styles['mark']}>draining</span>}
                  </th>
                  <td>
                    {worker.busy} / {worker.slots}
                  </td>
                  <td>{worker.load === null ? '–' : `${Math.round(worker.load * 100)} %`}</td>
                  <td>{formatBytes(worker.memoryBytes)}</td>
                  <td>{worker.queues.map(({ name }) => name).join(', ')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
