import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { useLocation } from 'wouter';
import { Icon } from '../../parts/icon.tsx';
import { formatCount } from '../../parts/format.ts';
import type { TaskRow } from './row.ts';
import type { Selection } from './selection.ts';
import type { ListState, TaskList } from './task-list.ts';
import { Bone, Row, rowId } from './task-row.tsx';
import { useHeld } from './use-held.ts';
import { useRowHeight } from './use-row-height.ts';
import styles from './list.module.css';

/** Rows that are made beyond what is on the screen, so that none is missing while one scrolls. */
const overscan = 6;

/**
 * The rows of a list of any length, of which there are as many as fit on the screen. One tab stop: arrows or j and k move,
 * Enter opens, space or x marks.
 */
export function TaskGrid({
  list,
  state,
  selection,
  canSelect,
  hasOwner,
  direction,
  onSort,
  children,
}: {
  readonly list: TaskList;
  readonly state: ListState;
  readonly selection: Selection;
  readonly canSelect: boolean;
  readonly hasOwner: boolean;
  readonly direction: 'ASC' | 'DESC';
  readonly onSort: () => void;
  /** What is shown where there are no rows. */
  readonly children: ReactNode;
}) {
  const { window, height, newer, moved, offset, total } = state;
  const [, navigate] = useLocation();
  const scroller = useRef<HTMLDivElement>(null);
  const rowHeight = useRowHeight();
  const view = useView(scroller, rowHeight);
  const held = useHeld(scroller);
  const [activeId, setActive] = useState<string>();
  const isStill = view.top > 0 || held || activeId !== undefined || selection.selected.size > 0;
  const { first, last } = view;
  useEffect(() => list.look(first, last, isStill), [list, first, last, isStill]);

  const wasMoved = useRef(moved);
  useLayoutEffect(() => {
    if (scroller.current !== null) scroller.current.scrollTop += (moved - wasMoved.current) * rowHeight;
    wasMoved.current = moved;
  }, [moved, rowHeight]);

  const { rows, start } = window;
  const active = rows.findIndex(({ task }) => task.id === activeId);
  const { toggle } = selection;
  const onToggle = useCallback(
    (task: TaskRow, isRange: boolean) => toggle(task, rowsOf(list), isRange),
    [list, toggle],
  );
  const toTop = (): void => {
    scroller.current?.scrollTo({ top: 0 });
    setActive(undefined);
    list.toTop();
  };

  const moveTo = (index: number): void => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row === undefined || scroller.current === null) return;
    setActive(row.task.id);
    scroller.current.focus({ preventScroll: true });
    const place = start + rows.indexOf(row);
    const { scrollTop, clientHeight } = scroller.current;
    const head = view.head;
    if (place * rowHeight < scrollTop) scroller.current.scrollTop = place * rowHeight;
    else if ((place + 1) * rowHeight + head > scrollTop + clientHeight)
      scroller.current.scrollTop = (place + 1) * rowHeight + head - clientHeight;
  };
  const onKey = (
    event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'preventDefault'>,
    isInGrid: boolean,
  ): void => {
    const from = active >= 0 ? active : Math.max(0, view.first - start) - 1;
    const page = Math.max(1, last - first - 1);
    const steps: Readonly<Record<string, number>> = isInGrid
      ? { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }
      : { j: 1, k: -1 };
    const step = steps[event.key];
    const current = rows[active]?.task;
    if (step !== undefined) moveTo(active < 0 && step < 0 ? from : from + step);
    else if (event.key.toLowerCase() === 'x' || (isInGrid && event.key === ' ')) {
      if (current === undefined || !canSelect) return;
      onToggle(current, event.shiftKey);
    } else if (event.key === 'Enter' && isInGrid) {
      if (current === undefined) return;
      navigate(`/tasks/${current.id}`);
    } else if (event.key === 'Home' && isInGrid) toTop();
    else if (event.key === 'Escape') {
      setActive(undefined);
      selection.clear();
    } else return;
    event.preventDefault();
  };
  usePageKeys((event) => onKey(event, false));

  const from = Math.max(0, Math.min(first, height - 1) - overscan);
  const to = Math.min(height, last + overscan);
  return (
    <div className={styles['frame']}>
      {newer > 0 && (
        <button type="button" className={styles['pill']} onClick={toTop}>
          <Icon name="up" size={14} />
          {formatCount(newer)} new {newer === 1 ? 'task' : 'tasks'}
        </button>
      )}
      <div
        ref={scroller}
        className={styles['grid']}
        role="grid"
        tabIndex={0}
        aria-label="Tasks"
        aria-rowcount={total?.isExact === true ? total.count + 1 : -1}
        aria-multiselectable={canSelect || undefined}
        aria-activedescendant={active >= 0 && activeId !== undefined ? rowId({ id: activeId }) : undefined}
        aria-busy={state.isLoading}
        data-box={canSelect}
        data-owner={hasOwner}
        onKeyDown={(event) => {
          if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
          onKey(event, true);
        }}
      >
        <Header hasBox={canSelect} hasOwner={hasOwner} direction={direction} onSort={onSort} />
        {height > 0 && (
          <div role="rowgroup" className={styles['space']} style={{ height: height * rowHeight }}>
            <div
              role="presentation"
              className={styles['rows']}
              style={{ transform: `translateY(${from * rowHeight}px)` }}
            >
              {Array.from({ length: Math.max(0, to - from) }, (_, step) => {
                const place = from + step;
                const task = rows[place - start]?.task;
                return task === undefined ? (
                  <Bone key={place} place={place + offset} />
                ) : (
                  <Row
                    key={task.id}
                    task={task}
                    place={place + offset}
                    isActive={task.id === activeId}
                    isSelected={selection.selected.has(task.id)}
                    hasBox={canSelect}
                    hasOwner={hasOwner}
                    onToggle={onToggle}
                  />
                );
              })}
            </div>
          </div>
        )}
        {height === 0 && (
          <div role="row">
            <div role="gridcell">{children}</div>
          </div>
        )}
      </div>
    </div>
  );
}

function Header({
  hasBox,
  hasOwner,
  direction,
  onSort,
}: {
  readonly hasBox: boolean;
  readonly hasOwner: boolean;
  readonly direction: 'ASC' | 'DESC';
  readonly onSort: () => void;
}) {
  return (
    <div role="rowgroup" className={styles['head']}>
      <div role="row" aria-rowindex={1} className={styles['headRow']}>
        {hasBox && (
          <div role="columnheader" className={styles['box']}>
            <span className="unseen">Selected</span>
          </div>
        )}
        {columns.map(({ name, area }) => (
          <div
            key={area}
            role="columnheader"
            className={styles[area]}
            aria-sort={area !== 'created' ? undefined : direction === 'ASC' ? 'ascending' : 'descending'}
          >
            {area === 'created' ? (
              <button type="button" className={styles['sort']} onClick={onSort} title="Turn the order round">
                {name} <span aria-hidden="true">{direction === 'ASC' ? '↑' : '↓'}</span>
              </button>
            ) : (
              name
            )}
          </div>
        ))}
        {hasOwner && (
          <div role="columnheader" className={styles['owner']}>
            Owner
          </div>
        )}
      </div>
    </div>
  );
}

const columns = [
  { name: 'Status', area: 'status' },
  { name: 'Definition', area: 'name' },
  { name: 'Id', area: 'id' },
  { name: 'Queue', area: 'queue' },
  { name: 'Progress', area: 'progress' },
  { name: 'Attempts', area: 'attempts' },
  { name: 'Created', area: 'created' },
  { name: 'Duration', area: 'duration' },
  { name: 'Tags', area: 'tags' },
] as const;

interface View {
  /** The places of the first and the last row on the screen. */
  readonly first: number;
  readonly last: number;
  /** 0 at the very top, else anything above it. */
  readonly top: number;
  /** The height of the heading, in pixels. */
  readonly head: number;
}

/** What of the list is on the screen; there is a render where that are other rows, not for each pixel. */
function useView(scroller: { readonly current: HTMLDivElement | null }, rowHeight: number): View {
  const [view, setView] = useState<View>({ first: 0, last: 20, top: 0, head: 0 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const look = (): void => {
      const { scrollTop, clientHeight } = element;
      const head = element.firstElementChild?.clientHeight ?? 0;
      const first = Math.floor(scrollTop / rowHeight);
      const last = Math.ceil((scrollTop + clientHeight - head) / rowHeight);
      const top = scrollTop > 0 ? 1 : 0;
      setView((before) =>
        before.first === first && before.last === last && before.top === top && before.head === head
          ? before
          : { first, last, top, head },
      );
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [scroller, rowHeight]);
  return view;
}

/** Keys of the list that are pressed elsewhere on the page, but not while one types or a dialog is open. */
function usePageKeys(onKey: (event: globalThis.KeyboardEvent) => void): void {
  const latest = useRef(onKey);
  useEffect(() => {
    latest.current = onKey;
  });
  useEffect(() => {
    const listener = (event: globalThis.KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.target instanceof HTMLElement && event.target.matches('input, select, textarea')) return;
      if (document.querySelector('dialog[open]') === null) latest.current(event);
    };
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, []);
}

function rowsOf(list: TaskList): ListState['window']['rows'] {
  return list.state.window.rows;
}
