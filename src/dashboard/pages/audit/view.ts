import type { AuditFilter } from './audit-log.ts';

/** What of the audit the page shows: what its address says. */
export interface AuditView {
  readonly tab: 'events' | 'tokens';
  readonly actor: readonly string[];
  readonly action: readonly string[];
  readonly target: readonly string[];
  readonly outcome: readonly string[];
  /** At this time or later, ISO 8601. */
  readonly from?: string | undefined;
  /** Before this time, ISO 8601. */
  readonly to?: string | undefined;
}

/** The fields of a view that are lists. */
export const listFields = ['actor', 'action', 'target', 'outcome'] as const;
export type ListField = (typeof listFields)[number];

/** Reads a view from the query of an address; what it doesn't know there it passes over. */
export function parseView(search: string): AuditView {
  const query = new URLSearchParams(search);
  const list = (field: ListField): string[] => [
    ...new Set(query.getAll(field).filter((value) => value !== '')),
  ];
  return {
    tab: query.get('tab') === 'tokens' ? 'tokens' : 'events',
    actor: list('actor'),
    action: list('action'),
    target: list('target'),
    outcome: list('outcome'),
    from: timeOf(query.get('from')),
    to: timeOf(query.get('to')),
  };
}

/** The query of a view's address, without `?`; empty for all events. */
export function formatView(view: AuditView): string {
  const query = new URLSearchParams();
  if (view.tab === 'tokens') query.set('tab', 'tokens');
  for (const field of listFields) for (const value of view[field]) query.append(field, value);
  if (view.from !== undefined) query.set('from', view.from);
  if (view.to !== undefined) query.set('to', view.to);
  return query.toString();
}

/** Whether the view shows fewer than all events. */
export function isFiltered(view: AuditView): boolean {
  return formatView({ ...view, tab: 'events' }) !== '';
}

/** The API's filter. */
export function filterOf({ actor, action, target, outcome, from, to }: AuditView): AuditFilter {
  return {
    ...(actor.length > 0 ? { actors: [...actor] } : {}),
    ...(action.length > 0 ? { actions: [...action] } : {}),
    ...(target.length > 0 ? { targets: [...target] } : {}),
    ...(outcome.length > 0 ? { outcomes: [...outcome] } : {}),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

function timeOf(text: string | null): string | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
