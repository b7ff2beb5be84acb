import { Suspense, useState } from 'react';
import { type CombinedError, useMutation } from 'urql';
import { useViewer } from '../../client/viewer.tsx';
import { Ask } from '../../parts/ask.tsx';
import { IconButton } from '../../parts/button.tsx';
import { messagesOf } from '../../parts/problem.tsx';
import { toast } from '../../parts/toasts.tsx';
import { ScheduleDialog } from './dialogs.ts';
import { type Schedule, titleOf } from './schedule-fields.ts';
import { deleteSchedule, pauseSchedule, resumeSchedule, runScheduleNow } from './schedule-mutations.ts';
import styles from './schedules.module.css';

/** What can be done with a schedule, for who may write. One that stands in the code is changed there. */
export function ScheduleActions({ schedule }: { readonly schedule: Schedule }) {
  const { may } = useViewer();
  const [asked, setAsked] = useState<'pause' | 'edit' | 'delete'>();
  const [{ fetching: isStarting }, runNow] = useMutation(runScheduleNow);
  const [{ fetching: isResuming }, resume] = useMutation(resumeSchedule);
  const [, pause] = useMutation(pauseSchedule);
  const [, remove] = useMutation(deleteSchedule);
  if (!may('tasks:write')) return null;
  const { id, isPaused, source } = schedule;
  const title = titleOf(schedule);
  const close = (): void => setAsked(undefined);
  const start = async (): Promise<void> => {
    const { data, error } = await runNow({ id });
    if (tell(error) || data === undefined) return;
    const href = `/tasks/${encodeURIComponent(data.runScheduleNow.task.id)}`;
    toast(`A task of ${title} is enqueued.`, 'good', { href, label: 'Open the task' });
  };
  const goOn = async (): Promise<void> => {
    const { error } = await resume({ id });
    if (!tell(error)) toast(`${title} goes on.`);
  };
  return (
    <div className={styles['actions']}>
      <IconButton icon="bolt" label={`Run ${title} now`} disabled={isStarting} onClick={() => void start()} />
      {isPaused ? (
        <IconButton icon="play" label={`Resume ${title}`} disabled={isResuming} onClick={() => void goOn()} />
      ) : (
        <IconButton icon="pause" label={`Pause ${title}`} onClick={() => setAsked('pause')} />
      )}
      {source === 'API' && (
        <>
          <IconButton icon="edit" label={`Edit ${title}`} onClick={() => setAsked('edit')} />
          <IconButton icon="trash" label={`Delete ${title}`} onClick={() => setAsked('delete')} />
        </>
      )}
      <Suspense>{asked === 'edit' && <ScheduleDialog schedule={schedule} onClose={close} />}</Suspense>
      {asked === 'pause' && (
        <Ask
          title={`Pause ${title}?`}
          verb="Pause"
          hasReason
          onDo={async (reason) => await pause({ id, reason })}
          onClose={close}
        >
          <p>It makes no tasks until it is resumed; slots that pass meanwhile are passed.</p>
        </Ask>
      )}
      {asked === 'delete' && (
        <Ask
          title={`Delete ${title}?`}
          verb="Delete"
          isDanger
          onDo={async () => await remove({ id })}
          onClose={close}
        >
          <p>It is taken away for good. Its tasks stay, and go on.</p>
        </Ask>
      )}
    </div>
  );
}

/** Tells what went wrong; whether anything did. */
function tell(error: CombinedError | undefined): boolean {
  if (error !== undefined) toast(messagesOf(error).join(' '), 'bad');
  return error !== undefined;
}
