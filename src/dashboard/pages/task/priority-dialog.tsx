import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Field, Input } from '../../parts/field.tsx';
import { Problem } from '../../parts/problem.tsx';
import { toast } from '../../parts/toasts.tsx';
import { reprioritizeTask } from './mutations.ts';
import type { LiveTask } from './task-live.ts';

/** Gives a task another priority. */
export function PriorityDialog({ task, onClose }: { readonly task: LiveTask; readonly onClose: () => void }) {
  const [priority, setPriority] = useState(String(task.priority));
  const [{ fetching, error }, reprioritize] = useMutation(reprioritizeTask);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const { data, error } = await reprioritize({ id: task.id, priority: Number(priority) });
    if (error !== undefined || data === undefined) return;
    if (!data.reprioritizeTask.accepted) toast('It had ended already: nothing was changed.', 'bad');
    onClose();
  };
  return (
    <Dialog
      title="Change its priority"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button tone="primary" type="submit" form="priority" isBusy={fetching}>
            Change
          </Button>
        </>
      }
    >
      <form id="priority" onSubmit={(event) => void submit(event)}>
        <Field
          label="Priority"
          isRequired
          hint="Seconds of head start before others that wait, -600 to 600. Where it runs, it counts from the next attempt on."
        >
          {(control) => (
            <Input
              {...control}
              type="number"
              required
              min={-600}
              max={600}
              step={1}
              value={priority}
              onChange={({ target }) => setPriority(target.value)}
            />
          )}
        </Field>
        <Problem error={error} />
      </form>
    </Dialog>
  );
}
