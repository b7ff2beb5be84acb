import type { TaskRow, WindowUpdate } from './row.ts';

export interface Row {
  readonly cursor: string;
  readonly task: TaskRow;
}

/** The rows that are held, out of a list that may have a million. */
export interface ListWindow {
  /** The cursor behind which they begin; undefined at the head of the list. */
  readonly anchor: string | undefined;
  /** The place of the first row on the page, counted in rows; below 0 where rows have come before what the page shows. */
  readonly start: number;
  readonly rows: readonly Row[];
  /** More rows follow. */
  readonly hasMore: boolean;
}

/**
 * Applies what a subscription tells. `still` is a place whose row must stay where it is, as one has scrolled to it: whatever
 * comes or goes before it moves the rows above it. Undefined where one looks at the head, and new rows push the others down.
 */
export function applyUpdate(window: ListWindow, update: WindowUpdate, still: number | undefined): ListWindow {
  const { reset, changes, hasNextPage } = update;
  const base = reset === null ? window : resetTo(window, reset.edges, still);
  const rows = changes.length > 0 ? [...base.rows] : base.rows;
  let { start } = base;
  // A copy, as `changes` aren't empty then.
  const changed = rows as Row[];
  for (const { kind, index, cursor, task } of changes) {
    if (kind === 'REMOVED') {
      changed.splice(index, 1);
      if (still !== undefined && start + index < still) start += 1;
    } else if (task !== null) {
      const row = { cursor: cursor ?? '', task };
      if (kind === 'CHANGED') changed[index] = row;
      else {
        changed.splice(index, 0, row);
        if (still !== undefined && start + index <= still) start -= 1;
      }
    }
  }
  return { ...base, start, rows, hasMore: hasNextPage };
}

/** The window with other rows: those that were there keep their place. */
function resetTo(
  window: ListWindow,
  edges: readonly { readonly cursor: string; readonly node: TaskRow }[],
  still: number | undefined,
): ListWindow {
  const rows = edges.map(({ cursor, node }) => ({ cursor, task: node }));
  const start = still === undefined ? window.start : (placeIn(window, rows, still) ?? window.start);
  return { ...window, rows, start };
}

/** Where rows begin on the page, so that the one nearest to `still` which the window has as well stays where it is. */
export function placeIn(window: ListWindow, rows: readonly Row[], still: number): number | undefined {
  const places = new Map(window.rows.map(({ task }, index) => [task.id, window.start + index]));
  let best: { readonly start: number; readonly distance: number } | undefined;
  for (const [index, { task }] of rows.entries()) {
    const place = places.get(task.id);
    if (place === undefined) continue;
    const distance = Math.abs(place - still);
    if (best === undefined || distance < best.distance) best = { start: place - index, distance };
  }
  return best?.start;
}
