import type { VariablesOf } from '../../client/graphql.ts';
import { statuses, type TaskStatus } from '../../parts/status-badge.tsx';
import type { tasksWindow } from './row.ts';

/** Which tasks the page shows and in which order: what its address says. */
export interface TaskView {
  readonly status: readonly TaskStatus[];
  readonly name: readonly string[];
  readonly queue: readonly string[];
  readonly tag: readonly string[];
  readonly owner: readonly string[];
  readonly id: readonly string[];
  readonly batch: readonly string[];
  readonly parent: readonly string[];
  readonly schedule: readonly string[];
  /** Created in the time up to now: a key of `spans`. */
  readonly last?: Span | undefined;
  /** Created at this time or later, ISO 8601. */
  readonly after?: string | undefined;
  /** Created before this time, ISO 8601. */
  readonly before?: string | undefined;
  readonly order: 'DESC' | 'ASC';
}

/** The fields of a view that are lists. */
export const listFields = [
  'status',
  'name',
  'queue',
  'tag',
  'owner',
  'id',
  'batch',
  'parent',
  'schedule',
] as const;
export type ListField = (typeof listFields)[number];

/** Times up to now that one can choose, in ms. */
export const spans = { '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;
export type Span = keyof typeof spans;

export const spanNames: Readonly<Record<Span, string>> = {
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
};

export type TaskFilter = NonNullable<VariablesOf<typeof tasksWindow>['filter']>;

/** Reads a view from the query of an address; what it doesn't know there it passes over. */
export function parseView(search: string): TaskView {
  const query = new URLSearchParams(search);
  const list = (field: string): string[] => [...new Set(query.getAll(field).filter((value) => value !== ''))];
  const last = query.get('last') ?? '';
  return {
    status: list('status').flatMap((value) => value.split(',').flatMap((word) => statusOf(word) ?? [])),
    name: list('name'),
    queue: list('queue'),
    tag: list('tag'),
    owner: list('owner'),
    id: list('id'),
    batch: list('batch'),
    parent: list('parent'),
    schedule: list('schedule'),
    last: isSpan(last) ? last : undefined,
    after: timeOf(query.get('after')),
    before: timeOf(query.get('before')),
    order: query.get('order') === 'asc' ? 'ASC' : 'DESC',
  };
}

/** The query of a view's address, without `?`; empty for all tasks, newest first. */
export function formatView(view: TaskView): string {
  const query = new URLSearchParams();
  for (const field of listFields) for (const value of view[field]) query.append(field, value);
  for (const field of ['last', 'after', 'before'] as const) {
    const value = view[field];
    if (value !== undefined) query.set(field, value);
  }
  if (view.order === 'ASC') query.set('order', 'asc');
  return query.toString();
}

/** The view without a filter, in the same order. */
export function withoutFilter({ order }: TaskView): TaskView {
  return { ...parseView(''), order };
}

/** Whether the view shows fewer than all tasks. */
export function isFiltered(view: TaskView): boolean {
  return formatView({ ...view, order: 'DESC' }) !== '';
}

/** The view with a value more, or with one less where it has it already. */
export function toggled(view: TaskView, field: ListField, value: string): TaskView {
  const values: readonly string[] = view[field];
  const next = values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
  return { ...view, [field]: next };
}

/** The API's filter; times up to now are taken as of `now` (ms). */
export function filterOf(view: TaskView, now: number): TaskFilter {
  const after = view.last === undefined ? view.after : new Date(now - spans[view.last]).toISOString();
  return {
    ...(view.status.length > 0 ? { statuses: [...view.status] } : {}),
    ...(view.name.length > 0 ? { names: [...view.name] } : {}),
    ...(view.queue.length > 0 ? { queues: [...view.queue] } : {}),
    ...(view.tag.length > 0 ? { tags: [...view.tag] } : {}),
    ...(view.owner.length > 0 ? { owners: [...view.owner] } : {}),
    ...(view.id.length > 0 ? { ids: [...view.id] } : {}),
    ...(view.batch.length > 0 ? { batches: [...view.batch] } : {}),
    ...(view.parent.length > 0 ? { parents: [...view.parent] } : {}),
    ...(view.schedule.length > 0 ? { schedules: [...view.schedule] } : {}),
    ...(after === undefined ? {} : { createdAfter: after }),
    ...(view.before === undefined ? {} : { createdBefore: view.before }),
  };
}

/** The status of a name, in whatever case. */
export function statusOf(name: string): TaskStatus | undefined {
  const upper = name.toUpperCase();
  // The keys of the statuses are their names.
  return (Object.keys(statuses) as TaskStatus[]).find((status) => status === upper);
}

function isSpan(text: string): text is Span {
  return Object.hasOwn(spans, text);
}

function timeOf(text: string | null): string | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
