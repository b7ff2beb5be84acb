import { useEffect, useState } from 'react';
import { useMutation } from 'urql';
import { Ask, type Done } from '../../parts/ask.tsx';
import { Field, Input } from '../../parts/field.tsx';
import { formatCount } from '../../parts/format.ts';
import { onEnter } from '../../parts/on-enter.ts';
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
  const [counted, setCounted] = useState<Awaited<ReturnType<typeof count>>>();
  const [, count] = useMutation(purgeQueue);
  const [, purge] = useMutation(purgeQueue);
  useEffect(() => {
    let isCurrent = true;
    void count({ name, definition, dryRun: true, reason: null }).then((result) => {
      if (isCurrent) setCounted(result);
    });
    return () => {
      isCurrent = false;
      setCounted(undefined);
    };
  }, [count, name, definition]);
  const take = (): void => setDefinition(typed.trim() === '' ? null : typed.trim());
  const would = counted?.data?.purgeQueue.leftCount;
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
      <Problem error={counted?.error} />
      <Field label="Only of this definition" hint="All of the queue unless given; press Enter to count anew.">
        {(control) => (
          <Input
            {...control}
            className="mono"
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
            onBlur={take}
            onKeyDown={onEnter(take)}
          />
        )}
      </Field>
    </Ask>
  );
}
