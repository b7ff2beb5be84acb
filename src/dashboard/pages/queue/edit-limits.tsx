import { useState } from 'react';
import { useMutation } from 'urql';
import { Ask, type Done } from '../../parts/ask.tsx';
import { Field, Input } from '../../parts/field.tsx';
import { parseDuration, writeDuration } from '../../parts/format.ts';
import { toast } from '../../parts/toasts.tsx';
import type { Queue } from './queue-fields.ts';
import { updateQueue } from './queue-mutations.ts';
import styles from './queue.module.css';

/** Sets how much of a queue may run and wait. The limits of its definitions stand in the code. */
export function EditLimits({ queue, onClose }: { readonly queue: Queue; readonly onClose: () => void }) {
  const own = queue.limits.find(({ definition }) => definition === null);
  const [texts, setTexts] = useState({
    concurrency: textOf(own?.concurrency),
    count: textOf(own?.rate?.count),
    per: writeDuration(parseDuration(own?.rate?.per) ?? 60_000),
    burst: own?.rate?.burst === own?.rate?.count ? '' : textOf(own?.rate?.burst),
    maxWaiting: textOf(queue.maxWaiting),
  });
  const [, update] = useMutation(updateQueue);
  const act = async (): Done => {
    const concurrency = numberOf(texts.concurrency);
    const count = numberOf(texts.count);
    const rate = count === null ? null : { count, per: texts.per.trim(), burst: numberOf(texts.burst) };
    const limit = concurrency === null && rate === null ? null : { concurrency, rate };
    const { error } = await update({ name: queue.name, limit, maxWaiting: numberOf(texts.maxWaiting) });
    if (error === undefined) toast(`The limits of ${queue.name} hold from now on, for all workers.`);
    return { error };
  };
  const problemOf = (field: keyof typeof texts): string | undefined =>
    field === 'per' || isWhole(texts[field])
      ? undefined
      : 'Expected a whole number, or nothing for no limit.';
  const isReady = fields.every((field) => problemOf(field) === undefined);
  const number = (field: keyof typeof texts, label: string, hint: string, placeholder: string) => (
    <Field label={label} hint={hint} error={problemOf(field)}>
      {(control) => (
        <Input
          {...control}
          // A field of numbers says nothing of what is half typed, as if it were empty: no limit.
          type="text"
          inputMode={field === 'per' ? 'text' : 'numeric'}
          autoComplete="off"
          placeholder={placeholder}
          value={texts[field]}
          onChange={({ target }) => setTexts({ ...texts, [field]: target.value })}
        />
      )}
    </Field>
  );
  return (
    <Ask title={`Limits of ${queue.name}`} verb="Save" isReady={isReady} onDo={act} onClose={onClose}>
      <p className="soft">
        They hold across all workers, beside those of its definitions. Empty is no limit.
      </p>
      {number('concurrency', 'Side by side', 'Tasks that may run at once.', 'any number')}
      <div className={styles['row']}>
        {number('count', 'Starts', 'So many …', 'any rate')}
        {number('per', 'per', '… in each such time.', '1m')}
        {number('burst', 'At once', 'After a rest.', texts.count)}
      </div>
      {number(
        'maxWaiting',
        'May wait',
        'Tasks that wait for a slot or their time; another one is refused.',
        'any number',
      )}
    </Ask>
  );
}

function textOf(value: number | null | undefined): string {
  return value === null || value === undefined ? '' : String(value);
}

const fields = ['concurrency', 'count', 'burst', 'maxWaiting'] as const;

/** Too small or too large a number is left for the API to refuse. */
function isWhole(text: string): boolean {
  return /^(?:[-+]?\d{1,15})?$/.test(text.trim());
}

function numberOf(text: string): number | null {
  return text.trim() === '' ? null : Number(text);
}
