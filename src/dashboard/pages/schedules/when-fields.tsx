import { useId } from 'react';
import { Field, Input, Select } from '../../parts/field.tsx';
import { TimeZones } from '../../parts/time-zones.tsx';
import type { Draft } from './schedule-draft.ts';
import styles from './schedules.module.css';

const kinds = { cron: 'by a cron expression', every: 'every so often', at: 'once' } as const;

/** When a schedule enqueues: by the clock on the wall, every so often, or once. */
export function WhenFields({
  draft,
  onChange,
  errorAt,
}: {
  readonly draft: Draft;
  readonly onChange: (changes: Partial<Draft>) => void;
  /** What is wrong with an argument of the mutation. */
  readonly errorAt: (path: string) => string | undefined;
}) {
  const zones = useId();
  return (
    <div className={styles['row']}>
      <Field label="When">
        {(control) => (
          <Select
            {...control}
            value={draft.kind}
            onChange={({ target }) =>
              onChange({ kind: target.value === 'every' ? 'every' : target.value === 'at' ? 'at' : 'cron' })
            }
          >
            {Object.entries(kinds).map(([kind, words]) => (
              <option key={kind} value={kind}>
                {words}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {draft.kind === 'cron' && (
        <>
          <Field
            label="Cron expression"
            isRequired
            hint="Minute, hour, day, month, weekday."
            error={errorAt('schedule.cron.expression')}
          >
            {(control) => (
              <Input
                {...control}
                required
                className="mono"
                spellCheck={false}
                value={draft.cron}
                onChange={({ target }) => onChange({ cron: target.value })}
              />
            )}
          </Field>
          <Field label="Time zone" hint="Empty is UTC." error={errorAt('schedule.cron.timeZone')}>
            {(control) => (
              <>
                <Input
                  {...control}
                  list={zones}
                  placeholder="UTC"
                  value={draft.timeZone}
                  onChange={({ target }) => onChange({ timeZone: target.value })}
                />
                <TimeZones id={zones} />
              </>
            )}
          </Field>
        </>
      )}
      {draft.kind === 'every' && (
        <Field
          label="Every"
          isRequired
          hint="Such as 30s, 15m, 2h, 1d; from now on."
          error={errorAt('schedule.every')}
        >
          {(control) => (
            <Input
              {...control}
              required
              value={draft.every}
              onChange={({ target }) => onChange({ every: target.value })}
            />
          )}
        </Field>
      )}
      {draft.kind === 'at' && (
        <Field label="At" isRequired hint="By the clock of this machine." error={errorAt('schedule.at')}>
          {(control) => (
            <Input
              {...control}
              type="datetime-local"
              step={1}
              required
              value={draft.at}
              onChange={({ target }) => onChange({ at: target.value })}
            />
          )}
        </Field>
      )}
    </div>
  );
}
