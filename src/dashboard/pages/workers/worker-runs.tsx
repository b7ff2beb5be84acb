import { Link } from 'wouter';
import { Progress } from '../../parts/progress.tsx';
import { Elapsed } from '../../parts/time.tsx';
import type { Worker } from './worker-fields.ts';
import styles from './workers.module.css';

/** What a worker runs now: the first twenty. */
export function WorkerRuns({ runs }: Pick<Worker, 'runs'>) {
  if (runs.length === 0) return <p className={`${styles['idle']} faint`}>It runs nothing.</p>;
  return (
    <ul className={styles['runs']}>
      {runs.map(({ definition, attempt, startedAt, task }) => (
        <li key={`${task?.id} ${definition} ${startedAt}`}>
          {task === null ? (
            definition
          ) : (
            <Link href={`/tasks/${encodeURIComponent(task.id)}`}>{definition}</Link>
          )}
          <span className="faint number">
            {attempt > 1 && `attempt ${attempt} · `}
            <Elapsed from={startedAt} />
          </span>
          <Progress fraction={task?.progress?.fraction ?? undefined} label={`Progress of ${definition}`} />
        </li>
      ))}
    </ul>
  );
}
