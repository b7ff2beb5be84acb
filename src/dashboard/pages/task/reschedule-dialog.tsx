import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Field, Input } from '../../parts/field.tsx';
import { localTime } from '../../parts/local-time.ts';
import { Problem } from '../../parts/problem.tsx';
import { toast } from '../../parts/toasts.tsx';
import { rescheduleTask } from './mutations.ts';
import type { LiveTask } from './task-live.ts';

/** Gives a task that waits for a time another one. */
export function RescheduleDialog({
  task,
  onClose,
}: {
  readonly task: LiveTask;
  readonly onClose: () => void;
}) {
  const [time, setTime] = useState(() => localTime(task.nextAttemptAt ?? new Date().toISOString()));
  const [{ fetching, error }, reschedule] = useMutation(rescheduleTask);
  const change = async (runAt: Date): Promise<void> => {
    const { data, error } = await reschedule({ id: task.id, runAt: runAt.toISOString() });
    if (error !== undefined || data === undefined) return;
    if (!data.rescheduleTask.accepted) toast('It no longer waits for a time: nothing was changed.', 'bad');
    onClose();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void change(new Date(time));
  };
  return (
    <Dialog
      title="Change its time"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button icon="bolt" disabled={fetching} onClick={() => void change(new Date())}>
            Begin now
          </Button>
          <Button tone="primary" type="submit" form="time" isBusy={fetching}>
            Change
          </Button>
        </>
      }
    >
      <form id="time" onSubmit={submit}>
        <Field
          label={task.status === 'RETRYING' ? 'Next attempt at' : 'Begin at'}
          isRequired
          hint="By the clock of this machine. A time that has passed is now."
        >
          {(control) => (
            <Input
              {...control}
              type="datetime-local"
              step={1}
              required
              value={time}
              onChange={({ target }) => setTime(target.value)}
            />
          )}
        </Field>
        <Problem error={error} />
      </form>
    </Dialog>
  );
}
