import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Field, Input } from '../../parts/field.tsx';
import { Problem } from '../../parts/problem.tsx';
import { toast } from '../../parts/toasts.tsx';
import { cancelTask } from './mutations.ts';
import type { LiveTask } from './task-live.ts';

/** Asks before a task is canceled, and why. */
export function CancelDialog({ task, onClose }: { readonly task: LiveTask; readonly onClose: () => void }) {
  const [reason, setReason] = useState('');
  const [{ fetching, error }, cancel] = useMutation(cancelTask);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const { data, error } = await cancel({
      id: task.id,
      reason: reason.trim() === '' ? null : reason.trim(),
    });
    if (error !== undefined || data === undefined) return;
    if (!data.cancelTask.accepted) toast('It had ended already: nothing was canceled.', 'bad');
    onClose();
  };
  const runs = task.status === 'RUNNING' || task.status === 'CANCELING';
  return (
    <Dialog
      title={`Cancel ${task.name}?`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button tone="danger" icon="stop" type="submit" form="cancel" isBusy={fetching}>
            Cancel the task
          </Button>
        </>
      }
    >
      <form id="cancel" onSubmit={(event) => void submit(event)}>
        <p className="soft">
          {runs
            ? 'Its run is asked to stop, which it does as soon as it can.'
            : 'It has not begun, and then never will.'}
        </p>
        <Field label="Reason" hint="For whoever looks at it later. It may be left empty.">
          {(control) => (
            <Input
              {...control}
              maxLength={500}
              value={reason}
              onChange={({ target }) => setReason(target.value)}
            />
          )}
        </Field>
        <Problem error={error} />
      </form>
    </Dialog>
  );
}
