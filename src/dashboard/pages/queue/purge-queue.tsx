import { useEffect, useState } from 'react';
import { useMutation } from 'urql';
import { Ask, type Done } from '../../parts/ask.tsx';
import { Field, Input } from '../../parts/field.tsx';
import { formatCount } from '../../parts/format.ts';
import { Problem } from '../../parts/problem.tsx';
import { toast } from '../../parts/toasts.tsx';
import type { Queue } from './queue-fields.ts';
import { purgeQueue } from './queue-mutations.ts';

/** Cancels what waits in a queue, after it has said how much that is. */
export function PurgeQueue({
  queue: { name },
  onClose,
}: {
  readonly queue: Queue;
  readonly onClose: () => void;
}) {
  const [typed, setTyped] = useState('');
  const [definition, setDefinition] = useState<string | null>(null);
  const [{ data, error, fetching }, count] = useMutation(purgeQueue);
  const [, purge] = useMutation(purgeQueue);
  useEffect(() => {
    void count({ name, definition, dryRun: true, reason: null });
  }, [count, name, definition]);
  const would = fetching ? undefined : data?.purgeQueue.leftCount;
  const act = async (reason: string | null): Done => {
    const { error, data } = await purge({ name, definition, dryRun: false, reason });
    if (error !== undefined || data === undefined) return { error };
    const { canceledCount, leftCount } = data.purgeQueue;
    const left =
      leftCount === 0 ? '' : ` ${formatCount(leftCount)} still wait: one call cancels 10,000 at most.`;
    toast(`${formatCount(canceledCount)} tasks of ${name} were canceled.${left}`);
    return { error };
  };
  return (
    <Ask
      title={`Purge ${name}?`}
      verb={would === undefined || would === 0 ? 'Purge' : `Cancel ${formatCount(would)} tasks`}
      isDanger
      isReady={would !== undefined && would > 0}
      hasReason
      onDo={act}
      onClose={onClose}
    >
      <p aria-live="polite">
        {would === undefined ? (
          'Counting what waits …'
        ) : would === 0 ? (
          'Nothing waits for a slot or for its time.'
        ) : (
          <>
            <strong>{formatCount(would)}</strong> {would === 1 ? 'task waits' : 'tasks wait'} for a slot or
            for their time, and would be canceled, oldest first. What runs goes on.
          </>
        )}
      </p>
      <Problem error={error} />
      <Field label="Only of this definition" hint="All of the queue unless given; press Enter to count anew.">
        {(control) => (
          <Input
            {...control}
            className="mono"
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
            onBlur={() => setDefinition(typed.trim() === '' ? null : typed.trim())}
            onKeyDown={({ key }) => {
              if (key === 'Enter') setDefinition(typed.trim() === '' ? null : typed.trim());
            }}
          />
        )}
      </Field>
    </Ask>
  );
}
