import { Icon } from '../../parts/icon.tsx';
import { statuses, type TaskStatus } from '../../parts/status-badge.tsx';
import {
  isFiltered,
  type ListField,
  listFields,
  spanNames,
  type TaskView,
  toggled,
  withoutFilter,
} from './filter.ts';
import { shortId } from './task-row.tsx';
import styles from './filters.module.css';

const words: Readonly<Record<ListField, string>> = {
  status: 'status',
  name: 'definition',
  queue: 'queue',
  tag: 'tag',
  owner: 'owner',
  id: 'id',
  batch: 'batch',
  parent: 'children of',
  schedule: 'made by schedule',
};

/** Each thing that narrows the list, to be taken away. */
export function Chips({
  view,
  onView,
}: {
  readonly view: TaskView;
  readonly onView: (view: TaskView) => void;
}) {
  if (!isFiltered(view)) return null;
  const { last, after, before } = view;
  return (
    <ul className={styles['chips']} aria-label="Filters in use">
      {listFields.flatMap((field) =>
        view[field].map((value) => (
          <Chip
            key={`${field}:${value}`}
            name={words[field]}
            value={shown(field, value)}
            title={value}
            status={field === 'status' ? value : undefined}
            onRemove={() => onView(toggled(view, field, value))}
          />
        )),
      )}
      {last !== undefined && (
        <Chip
          name="created"
          value={spanNames[last].toLowerCase()}
          onRemove={() => onView({ ...view, last: undefined })}
        />
      )}
      {after !== undefined && (
        <Chip
          name="created from"
          value={new Date(after).toLocaleString()}
          onRemove={() => onView({ ...view, after: undefined })}
        />
      )}
      {before !== undefined && (
        <Chip
          name="created before"
          value={new Date(before).toLocaleString()}
          onRemove={() => onView({ ...view, before: undefined })}
        />
      )}
      <li>
        <button type="button" className={styles['clear']} onClick={() => onView(withoutFilter(view))}>
          Clear all
        </button>
      </li>
    </ul>
  );
}

function Chip({
  name,
  value,
  title,
  status,
  onRemove,
}: {
  readonly name: string;
  readonly value: string;
  readonly title?: string;
  readonly status?: string | undefined;
  readonly onRemove: () => void;
}) {
  // Only statuses are given as one.
  const color = status === undefined ? undefined : statuses[status as TaskStatus].color;
  return (
    <li className={styles['chip']} title={title} style={color === undefined ? undefined : { color }}>
      <span className={styles['chipName']}>{name}</span> {value}
      <button type="button" aria-label={`Remove the filter ${name} ${value}`} onClick={onRemove}>
        <Icon name="close" size={12} />
      </button>
    </li>
  );
}

function shown(field: ListField, value: string): string {
  // A status stands in a view only if it is one.
  if (field === 'status') return statuses[value as TaskStatus].name;
  return field === 'id' || field === 'parent' || field === 'batch' || field === 'schedule'
    ? shortId(value)
    : value;
}
