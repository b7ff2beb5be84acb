import { type FormEvent, useRef, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Popover } from '../../parts/popover.tsx';
import { StatusBadge, statuses, type TaskStatus } from '../../parts/status-badge.tsx';
import { Chips } from './chips.tsx';
import { CreatedMenu } from './created-menu.tsx';
import { type ListField, type TaskView, toggled } from './filter.ts';
import { useKnownNames } from './known-names.ts';
import { search } from './search-words.ts';
import styles from './filters.module.css';

/** What narrows the list: a search, menus, and a chip for each thing that does. */
export function Filters({
  view,
  hasOwners,
  onView,
}: {
  readonly view: TaskView;
  readonly hasOwners: boolean;
  readonly onView: (view: TaskView) => void;
}) {
  const { definitions, queues } = useKnownNames();
  const named = (label: string, field: ListField, names: readonly string[]) => (
    <Popover label={label} count={view[field].length}>
      {() => <Choices label={label} field={field} names={names} view={view} onView={onView} />}
    </Popover>
  );
  return (
    <section className={styles['filters']} aria-label="Filters">
      <div className={styles['bar']}>
        <SearchBox view={view} onView={onView} />
        <div className={styles['menus']}>
          <Popover label="Status" count={view.status.length}>
            {() => <Statuses view={view} onView={onView} />}
          </Popover>
          {named('Definition', 'name', definitions)}
          {named('Queue', 'queue', queues)}
          <CreatedMenu view={view} onView={onView} />
          {named('Tag', 'tag', [])}
          {hasOwners && named('Owner', 'owner', [])}
        </div>
      </div>
      <Chips view={view} onView={onView} />
    </section>
  );
}

function SearchBox({ view, onView }: Changes) {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const { view: next, problem } = search(view, text);
    setProblem(problem);
    onView(next);
    if (problem !== undefined) return;
    setText('');
    // What it has come to is seen, and the keys of the list work.
    input.current?.blur();
  };
  return (
    <form className={styles['search']} role="search" onSubmit={submit}>
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          setProblem(undefined);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && !event.nativeEvent.isComposing) event.currentTarget.blur();
        }}
        aria-label="Search tasks"
        aria-invalid={problem !== undefined}
        aria-describedby="search-help"
        placeholder="An id, or status:failed name:resizeImage tag:x"
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        enterKeyHint="search"
      />
      <kbd aria-hidden="true">/</kbd>
      <p
        id="search-help"
        className={problem === undefined ? styles['help'] : styles['problem']}
        role="status"
      >
        {problem ?? (
          <>
            <code>status:</code> <code>name:</code> <code>queue:</code> <code>tag:</code> <code>owner:</code>{' '}
            <code>id:</code>, ids as they are, several at once. Enter adds them.
          </>
        )}
      </p>
    </form>
  );
}

interface Changes {
  readonly view: TaskView;
  readonly onView: (view: TaskView) => void;
}

function Statuses({ view, onView }: Changes) {
  return (
    <ul className={styles['choices']}>
      {/* The keys of the statuses are their names. */}
      {(Object.keys(statuses) as TaskStatus[]).map((status) => (
        <li key={status}>
          <label>
            <input
              type="checkbox"
              checked={view.status.includes(status)}
              onChange={() => onView(toggled(view, 'status', status))}
            />
            <StatusBadge status={status} />
          </label>
        </li>
      ))}
    </ul>
  );
}

/** Names to tick, and a field for one that isn't among them. */
function Choices({
  label,
  field,
  names,
  view,
  onView,
}: Changes & { readonly label: string; readonly field: ListField; readonly names: readonly string[] }) {
  const [text, setText] = useState('');
  const chosen: readonly string[] = view[field];
  const all = [...names, ...chosen.filter((name) => !names.includes(name))];
  const shown = all.filter((name) => name.toLowerCase().includes(text.toLowerCase()));
  const add = (event: FormEvent): void => {
    event.preventDefault();
    const [only] = shown;
    const value = shown.length === 1 && only !== undefined ? only : text.trim();
    setText('');
    if (value !== '' && !chosen.includes(value)) onView(toggled(view, field, value));
  };
  return (
    <>
      {(names.length === 0 || names.length > 7) && (
        <form className={styles['add']} onSubmit={add}>
          <input
            type="text"
            value={text}
            // The menu was opened to type here.
            autoFocus
            aria-label={`${label} to filter by`}
            placeholder={names.length === 0 ? label : 'Find'}
            onChange={({ target }) => setText(target.value)}
          />
          <Button type="submit">Add</Button>
        </form>
      )}
      <ul className={styles['choices']}>
        {shown.map((name) => (
          <li key={name}>
            <label>
              <input
                type="checkbox"
                checked={chosen.includes(name)}
                onChange={() => onView(toggled(view, field, name))}
              />
              <span>{name}</span>
            </label>
          </li>
        ))}
      </ul>
    </>
  );
}
