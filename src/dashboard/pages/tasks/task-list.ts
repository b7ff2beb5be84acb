import { type Client, CombinedError } from 'urql';
import { uncached } from '../../client/client.ts';
import { isPassing } from '../../hooks/use-live.ts';
import type { TaskFilter } from './filter.ts';
import { type Following, follow } from './follow-window.ts';
import { applyUpdate, type ListWindow, placeIn, type Row } from './list-window.ts';
import { type TaskRow, tasksBefore, type WindowUpdate } from './row.ts';
import { taskAt } from './seek.ts';

/** What the page shows of a list. */
export interface ListState {
  readonly window: ListWindow;
  readonly total: { readonly count: number; readonly isExact: boolean } | undefined;
  /** Nothing has come yet. */
  readonly isLoading: boolean;
  readonly error: CombinedError | undefined;
  /** How many tasks have come before the first row that can be scrolled to; 0 where none has. */
  readonly newer: number;
  /** By how many the place of a row in the list differs from that on the page: one that isn't as high, or was jumped to by about. */
  readonly offset: number;
  /** How many rows the page is to be as high as. */
  readonly height: number;
  /** By how many rows all places were moved so far: the page scrolls by as much, and nothing moves. */
  readonly moved: number;
}

/** Rows of a window: the most that the API gives. */
const size = 100;

/** A page isn't higher than so many rows, as browsers end at some height; beyond it a scroll bar goes by shares. */
const maxHeight = 200_000;

const empty: ListWindow = { anchor: undefined, start: 0, rows: [], hasMore: false };

/**
 * A live list of any length, of which it holds the hundred rows around what one looks at: a subscription to the window that
 * begins a little above, and another one in its place when one has scrolled on. Rows keep their places meanwhile.
 */
export class TaskList {
  readonly #client: Client;
  readonly #filter: TaskFilter;
  readonly #direction: 'ASC' | 'DESC';
  readonly #listeners = new Set<() => void>();
  #window = empty;
  #total: ListState['total'];
  #error: CombinedError | undefined;
  #isLoading = true;
  #moved = 0;
  /** How many more tasks stand before the window than its place and `newer` say. */
  #skipped = 0;
  /** How many tasks there were when the last one was shown at the head, and how many have come above since that are known. */
  #shown = { total: 0, newer: 0 };
  /** What one sees: places of rows, and whether they must stay where they are. */
  #seen = { first: 0, last: 0, isStill: false };
  #current: Following | undefined;
  /** The window that is about to come in place of the current one. */
  #next: Following | undefined;
  /** Raised when one goes elsewhere: what was asked for before is of no use any more. */
  #turn = 0;
  #isBusy = false;
  #frame: number | undefined;
  #jump: ReturnType<typeof setTimeout> | undefined;
  #state: ListState;

  constructor(client: Client, filter: TaskFilter, direction: 'ASC' | 'DESC') {
    this.#client = client;
    this.#filter = filter;
    this.#direction = direction;
    this.#state = this.#snapshot();
  }

  /** Begins to follow the head of the list; what it returns ends it. */
  open(): () => void {
    this.#goTo(undefined, 0);
    return () => {
      this.#turn += 1;
      this.#isBusy = false;
      this.#current?.stop();
      this.#next?.stop();
      this.#current = this.#next = undefined;
      clearTimeout(this.#jump);
      if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
      this.#frame = undefined;
    };
  }

  get state(): ListState {
    return this.#state;
  }

  /** Calls back at most once for each frame of the screen, until what it returns is called. */
  readonly onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Says which places are on the screen, and whether their rows must stay there when others come. */
  look(first: number, last: number, isStill: boolean): void {
    this.#seen = { first, last, isStill };
    if (!isStill && this.#window.anchor === undefined && this.#window.start < 0) {
      this.#window = { ...this.#window, start: 0 };
      this.#show();
    }
    this.#follow();
  }

  /** Goes back to the head of the list, with all that has come meanwhile. */
  toTop(): void {
    this.#seen = { ...this.#seen, first: 0, isStill: false };
    if (this.#window.anchor === undefined) this.#window = { ...this.#window, start: 0 };
    else this.#goTo(undefined, 0);
    this.#show();
  }

  /** Sees to it that the window reaches some way beyond what is on the screen, in both directions. */
  #follow(): void {
    if (this.#isLoading || this.#isBusy) return;
    const { first, last } = this.#seen;
    const { start, rows, anchor, hasMore } = this.#window;
    const end = start + rows.length;
    const spare = this.#spare();
    clearTimeout(this.#jump);
    if (first >= end + size || last < start - size) {
      if (this.#total?.isExact === true) {
        // A scroll bar that is dragged comes by many places: only where it rests is looked for.
        this.#jump = setTimeout(() => void this.#busy(async () => await this.#seek()), 80);
        return;
      }
    }
    if (last > end - spare / 2 && hasMore) {
      const index = Math.min(rows.length - 1, first - spare - start);
      const row = rows[index];
      if (row !== undefined && index >= 2) this.#goTo(row.cursor, start + index + 1);
    } else if (first < start + spare / 2 && anchor !== undefined) {
      void this.#busy(async () => await this.#goUp(Math.max(2, Math.min(size, start - first + spare))));
    } else if (anchor === undefined && start > 0) this.#move(-start);
    else if (anchor !== undefined && start < 0) this.#move(size);
  }

  /** Puts the window so many rows higher. */
  async #goUp(rows: number): Promise<void> {
    const top = this.#window.rows[0];
    const { start, anchor } = this.#window;
    const before = top?.cursor ?? anchor;
    if (before === undefined) return;
    const turn = this.#turn;
    const { data, error } = await this.#client
      .query(tasksBefore, { filter: this.#filter, direction: this.#direction, last: rows, before }, uncached)
      .toPromise();
    if (turn !== this.#turn) return;
    if (data === undefined) throw error ?? new Error('Expected rows from the API, got nothing.');
    const { edges, pageInfo } = data.tasks;
    const above = edges.length;
    if (pageInfo.hasPreviousPage && edges[0] !== undefined) this.#goTo(edges[0].cursor, start - above + 1);
    else this.#goTo(undefined, start - above);
  }

  /** Puts the window where one has jumped to by the scroll bar. */
  async #seek(): Promise<void> {
    const { first } = this.#seen;
    const total = this.#total?.count ?? 0;
    const { height, newer } = this.#state;
    const target = height < maxHeight ? first + newer : Math.round((first / (height - 1)) * (total - 1));
    const turn = this.#turn;
    const found = await taskAt(this.#client, this.#filter, this.#direction, target);
    if (turn !== this.#turn) return;
    if (found === undefined) this.#goTo(undefined, 0);
    // The window begins behind it.
    else this.#goTo(found.cursor, first, found.place + 1 - first - newer);
  }

  async #busy(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn;
    this.#isBusy = true;
    try {
      await work();
    } catch (error) {
      if (turn === this.#turn) this.#fail(error);
    } finally {
      // What one has gone to meanwhile is busy by itself.
      if (turn === this.#turn) this.#isBusy = this.#next !== undefined;
    }
  }

  /** In a list at rest nothing else would ask again for rows that the store couldn't give. */
  #fail(error: unknown): void {
    if (!(error instanceof CombinedError)) throw error;
    if (isPassing(error)) this.#jump = setTimeout(() => this.#follow(), 500);
    else this.#error = error;
    this.#show();
  }

  /** Follows another window; the rows of the present one stay until its rows have come. */
  #goTo(anchor: string | undefined, start: number, skipped?: number): void {
    this.#turn += 1;
    this.#isBusy = true;
    this.#next?.stop();
    let isFirst = true;
    const next = follow(
      this.#client,
      { filter: this.#filter, direction: this.#direction, first: size, after: anchor ?? null },
      (update) => {
        const wasFirst = isFirst;
        if (isFirst) {
          isFirst = false;
          this.#arrive(next, anchor, start, rowsOf(update));
          if (anchor === undefined) this.#skipped = 0;
          else if (skipped !== undefined) this.#skipped = skipped + start - this.#window.start;
        }
        this.#isLoading = false;
        this.#error = undefined;
        this.#total = update.totalCount;
        if (wasFirst) this.#window = { ...this.#window, hasMore: update.hasNextPage };
        else if (!this.#apply(update)) return;
        if (this.#window.anchor === undefined) this.#atHead();
        this.#show();
        this.#follow();
      },
      (error) => {
        this.#isLoading = this.#isBusy = false;
        this.#error = error;
        this.#show();
      },
    );
    this.#next = next;
  }

  /** Applies what the window tells; false where the rows on the screen were pushed out of it, and are looked for. */
  #apply(update: WindowUpdate): boolean {
    const { first, last, isStill } = this.#seen;
    const before = this.#window;
    const after = applyUpdate(before, update, isStill ? first : undefined);
    const seen = before.rows.slice(Math.max(0, first - before.start), Math.max(0, last - before.start));
    const ids = new Set(after.rows.map(({ task }) => task.id));
    if (!isStill || seen.length === 0 || seen.some(({ task }) => ids.has(task.id))) {
      this.#window = after;
      return true;
    }
    this.#current?.stop();
    const index = Math.max(0, first - this.#spare() - before.start);
    const row = before.rows[index];
    if (row !== undefined) this.#goTo(row.cursor, before.start + index + 1);
    this.#show();
    return false;
  }

  #atHead(): void {
    if (!this.#seen.isStill) this.#window = { ...this.#window, start: 0 };
    const newer = Math.max(0, -this.#window.start);
    this.#shown = { total: newer === 0 ? (this.#total?.count ?? 0) : this.#shown.total, newer };
  }

  /** Rows beyond the screen, in either direction. */
  #spare(): number {
    return Math.max(6, Math.floor((size - (this.#seen.last - this.#seen.first)) / 3));
  }

  #arrive(next: Following, anchor: string | undefined, start: number, rows: readonly Row[]): void {
    const place = placeIn(this.#window, rows, this.#seen.first) ?? start;
    this.#window = { anchor, start: place, rows, hasMore: false };
    this.#current?.stop();
    this.#current = next;
    this.#next = undefined;
    this.#isBusy = false;
  }

  /** Moves all places, and the page with them. */
  #move(by: number): void {
    this.#window = { ...this.#window, start: this.#window.start + by };
    this.#seen = { ...this.#seen, first: this.#seen.first + by, last: this.#seen.last + by };
    this.#moved += by;
    if (this.#window.anchor !== undefined) this.#skipped -= by;
    this.#show();
  }

  #show(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#state = this.#snapshot();
      for (const listener of this.#listeners) listener();
    });
  }

  #snapshot(): ListState {
    const { start, rows, hasMore, anchor } = this.#window;
    const newer = this.#newer();
    const end = Math.max(0, start + rows.length);
    const rest =
      this.#total?.isExact === true ? Math.min(maxHeight, this.#total.count - newer) : end + size / 4;
    return {
      window: this.#window,
      total: this.#total,
      isLoading: this.#isLoading,
      error: this.#error,
      newer: anchor === undefined || this.#direction === 'DESC' ? newer : 0,
      offset: start === 0 || this.#total?.isExact !== true ? 0 : newer + this.#skipped,
      height: hasMore ? Math.max(end + 1, rest) : end,
      moved: this.#moved,
    };
  }

  #newer(): number {
    const { anchor, start } = this.#window;
    if (anchor === undefined) return Math.max(0, -start);
    if (this.#direction === 'ASC') return 0;
    return Math.max(this.#shown.newer, (this.#total?.count ?? 0) - this.#shown.total);
  }
}

function rowsOf({ reset }: WindowUpdate): Row[] {
  return (reset?.edges ?? []).map(
    ({ cursor, node }: { readonly cursor: string; readonly node: TaskRow }) => ({
      cursor,
      task: node,
    }),
  );
}
