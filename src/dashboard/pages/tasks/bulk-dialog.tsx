import { useEffect, useRef, useState } from 'react';
import { type CombinedError, useClient } from 'urql';
import { Link } from 'wouter';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Field, Input } from '../../parts/field.tsx';
import { formatCount } from '../../parts/format.ts';
import { Loading } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Progress } from '../../parts/progress.tsx';
import { actOn, type BulkAction, type BulkProgress, countFor } from './bulk.ts';
import type { TaskFilter } from './filter.ts';
import { shortId } from './task-row.tsx';
import styles from './bulk.module.css';

const words = {
  cancel: {
    verb: 'Cancel',
    done: 'canceled',
    about: 'What waits is canceled at once; what runs is asked to stop. What has ended stays as it is.',
    none: 'None of these can be canceled: they have ended, or are being canceled.',
  },
  retry: {
    verb: 'Retry',
    done: 'put back',
    about:
      'Those that failed, were canceled or expired are put back with the same id. All others stay as they are.',
    none: 'None of these can be retried: only what failed, was canceled or expired can.',
  },
  replay: {
    verb: 'Replay',
    done: 'enqueued anew',
    about: 'Those that have ended are enqueued anew, with the same input and a new id; also what succeeded.',
    none: 'None of these can be replayed: none has ended.',
  },
} as const;

type Step =
  | { readonly name: 'counting' }
  | { readonly name: 'asking'; readonly count: number; readonly isExact: boolean }
  | { readonly name: 'acting' | 'over'; readonly count: number; readonly isStopped: boolean };

/** Asks before something is done to many tasks, with their number, does it, and says what became of it. */
export function BulkDialog({
  action,
  filter,
  onClose,
}: {
  readonly action: BulkAction;
  readonly filter: TaskFilter;
  /** `isDone`: something has been done. */
  readonly onClose: (isDone: boolean) => void;
}) {
  const client = useClient();
  const [step, setStep] = useState<Step>({ name: 'counting' });
  const [progress, setProgress] = useState<BulkProgress>();
  const [error, setError] = useState<CombinedError>();
  const [reason, setReason] = useState('');
  const stop = useRef<AbortController>(undefined);
  const { verb, about, none } = words[action];

  useEffect(() => {
    let isCurrent = true;
    void countFor(client, action, filter).then(({ total, error }) => {
      if (!isCurrent) return;
      setError(error);
      if (total !== undefined) setStep({ name: 'asking', ...total });
    });
    return () => {
      isCurrent = false;
    };
  }, [client, action, filter]);
  useEffect(() => () => stop.current?.abort(), []);

  const act = async (count: number): Promise<void> => {
    const controller = (stop.current = new AbortController());
    setStep({ name: 'acting', count, isStopped: false });
    for await (const next of actOn(client, action, filter, reason.trim(), controller.signal)) {
      setProgress(next);
      setError(next.error);
    }
    setStep({ name: 'over', count, isStopped: controller.signal.aborted });
  };
  const isOver = step.name === 'over';
  const close = (): void => onClose(step.name === 'acting' || isOver);
  const title =
    step.name === 'asking' && step.count > 0
      ? `${verb} ${step.isExact ? '' : 'at most '}${tasks(step.count)}?`
      : `${verb} tasks`;
  return (
    <Dialog
      title={title}
      onClose={close}
      footer={
        <>
          {step.name === 'acting' ? (
            <Button icon="stop" onClick={() => stop.current?.abort()}>
              Stop
            </Button>
          ) : (
            <Button onClick={close}>{isOver ? 'Close' : 'Keep them'}</Button>
          )}
          {step.name === 'asking' && step.count > 0 && (
            <Button tone={action === 'cancel' ? 'danger' : 'primary'} onClick={() => void act(step.count)}>
              {verb} {tasks(step.count)}
            </Button>
          )}
        </>
      }
    >
      {step.name === 'counting' && error === undefined && <Loading label="Counting" lines={2} />}
      {step.name === 'asking' && <p className="soft">{step.count > 0 ? about : none}</p>}
      {step.name === 'asking' && step.count > 0 && action === 'cancel' && (
        <Field label="Reason" hint="For whoever looks at the tasks later.">
          {(control) => (
            <Input
              {...control}
              value={reason}
              maxLength={500}
              onChange={({ target }) => setReason(target.value)}
            />
          )}
        </Field>
      )}
      {(step.name === 'acting' || isOver) && (
        <Report action={action} count={step.count} progress={progress} isOver={isOver} />
      )}
      {isOver && step.isStopped && <p>Stopped: the others stay as they are.</p>}
      <Problem error={error} />
    </Dialog>
  );
}

function Report({
  action,
  count,
  progress,
  isOver,
}: {
  readonly action: BulkAction;
  readonly count: number;
  readonly progress: BulkProgress | undefined;
  readonly isOver: boolean;
}) {
  const { done = 0, accepted = 0, refusals = [] } = progress ?? {};
  return (
    <>
      {!isOver && <Progress fraction={count === 0 ? 1 : done / count} label="Done so far" />}
      <p role="status" className="number">
        <strong>{tasks(accepted)}</strong> {words[action].done}
        {isOver ? '.' : ` of ${formatCount(count)} …`}
      </p>
      {refusals.length > 0 && (
        <ul className={styles['refusals']} aria-label="Not accepted">
          {refusals.map(({ message, count, ids }) => (
            <li key={message}>
              <strong>{formatCount(count)} not:</strong> {message}
              <div>
                {ids.map((id) => (
                  <Link key={id} href={`/tasks/${id}`} title={id}>
                    <code>{shortId(id)}</code>
                  </Link>
                ))}
                {count > ids.length && <span className="faint">and others</span>}
              </div>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function tasks(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'task' : 'tasks'}`;
}
