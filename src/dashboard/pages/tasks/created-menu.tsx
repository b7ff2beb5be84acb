import { type FormEvent, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Field, Input } from '../../parts/field.tsx';
import { instant, localTime } from '../../parts/local-time.ts';
import { Popover } from '../../parts/popover.tsx';
import { type Span, spanNames, type TaskView } from './filter.ts';
import styles from './filters.module.css';

/** When tasks were created: a time up to now, or from and to. `Before` alone jumps to a point in time. */
export function CreatedMenu({
  view,
  onView,
}: {
  readonly view: TaskView;
  readonly onView: (view: TaskView) => void;
}) {
  const count =
    Number(view.last !== undefined || view.after !== undefined) + Number(view.before !== undefined);
  return (
    <Popover label="Created" count={count}>
      {(close) => (
        <>
          <ul className={styles['choices']}>
            {/* The keys of the names are the spans. */}
            {(Object.keys(spanNames) as Span[]).map((span) => (
              <li key={span}>
                <label>
                  <input
                    type="radio"
                    name="span"
                    checked={view.last === span}
                    onChange={() => {
                      onView({ ...view, last: span, after: undefined, before: undefined });
                      close();
                    }}
                  />
                  <span>{spanNames[span]}</span>
                </label>
              </li>
            ))}
          </ul>
          <Range
            view={view}
            onRange={(range) => {
              onView({ ...view, last: undefined, ...range });
              close();
            }}
          />
        </>
      )}
    </Popover>
  );
}

function Range({
  view,
  onRange,
}: {
  readonly view: TaskView;
  readonly onRange: (range: Pick<TaskView, 'after' | 'before'>) => void;
}) {
  const [after, setAfter] = useState(localTime(view.after));
  const [before, setBefore] = useState(localTime(view.before));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onRange({ after: instant(after), before: instant(before) });
  };
  return (
    <form className={styles['range']} onSubmit={submit}>
      <Field label="From">
        {(control) => (
          <Input
            {...control}
            type="datetime-local"
            step={1}
            value={after}
            onChange={({ target }) => setAfter(target.value)}
          />
        )}
      </Field>
      <Field label="Before" hint="Alone, it jumps to that time.">
        {(control) => (
          <Input
            {...control}
            type="datetime-local"
            step={1}
            value={before}
            onChange={({ target }) => setBefore(target.value)}
          />
        )}
      </Field>
      <Button type="submit">Show</Button>
    </form>
  );
}
