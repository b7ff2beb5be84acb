import { type FormEvent, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Field, Input } from '../../parts/field.tsx';
import { instant, localTime } from '../../parts/local-time.ts';
import { type AuditView, isFiltered, type ListField, parseView } from './view.ts';
import styles from './audit.module.css';

const fields: readonly { readonly field: ListField; readonly label: string; readonly example: string }[] = [
  { field: 'actor', label: 'Actor', example: 'ann, bob' },
  { field: 'action', label: 'Action', example: 'cancelTask' },
  { field: 'target', label: 'Target', example: 'an id or a name' },
  { field: 'outcome', label: 'Outcome', example: 'FORBIDDEN' },
];

/** Which events the page shows. What is typed goes into the address by Enter, or once one leaves its field. */
export function EventFilters({
  view,
  onView,
}: {
  readonly view: AuditView;
  readonly onView: (view: AuditView) => void;
}) {
  return (
    <div className={styles['filters']} role="search" aria-label="Events">
      {fields.map(({ field, label, example }) => (
        <Filter
          key={field}
          label={label}
          placeholder={example}
          value={view[field].join(', ')}
          onValue={(text) => onView({ ...view, [field]: membersOf(text) })}
        />
      ))}
      <Filter
        label="From"
        type="datetime-local"
        value={localTime(view.from)}
        onValue={(from) => onView({ ...view, from: instant(from) })}
      />
      <Filter
        label="Before"
        type="datetime-local"
        value={localTime(view.to)}
        onValue={(to) => onView({ ...view, to: instant(to) })}
      />
      {isFiltered(view) && (
        <Button tone="quiet" icon="close" onClick={() => onView(parseView(''))}>
          Clear all
        </Button>
      )}
    </div>
  );
}

function Filter({
  label,
  value,
  placeholder,
  type = 'text',
  onValue,
}: {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly type?: 'text' | 'datetime-local';
  readonly onValue: (value: string) => void;
}) {
  const [typed, setTyped] = useState(value);
  const [shown, setShown] = useState(value);
  // The address has changed, as by the back button.
  if (shown !== value) {
    setShown(value);
    setTyped(value);
  }
  const commit = (event?: FormEvent): void => {
    event?.preventDefault();
    if (typed.trim() !== value) onValue(typed.trim());
  };
  return (
    <form onSubmit={commit}>
      <Field label={label}>
        {(control) => (
          <Input
            {...control}
            type={type}
            step={type === 'text' ? undefined : 1}
            placeholder={placeholder}
            value={typed}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            onChange={({ target }) => setTyped(target.value)}
            onBlur={() => commit()}
          />
        )}
      </Field>
    </form>
  );
}

/** The members of a list as it is typed. What was done by a filter has that filter as its target, whose commas part nothing. */
function membersOf(text: string): string[] {
  if (text.startsWith('{')) return [text];
  const members = text.split(',').map((member) => member.trim());
  return [...new Set(members.filter((member) => member !== ''))];
}
