import type { Client, CombinedError } from 'urql';
import { uncached } from '../../client/client.ts';
import { isPassing } from '../../hooks/use-live.ts';
import type { TaskFilter } from './filter.ts';
import { tasksWindow, type WindowUpdate } from './row.ts';

/** A window that is followed until it is stopped. */
export interface Following {
  stop(): void;
}

/** Follows a window, also over times in which the store is away. */
export function follow(
  client: Client,
  variables: {
    readonly filter: TaskFilter;
    readonly direction: 'ASC' | 'DESC';
    readonly first: number;
    readonly after: string | null;
  },
  onUpdate: (update: WindowUpdate) => void,
  onError: (error: CombinedError) => void,
): Following {
  let retry: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  let subscribed: { unsubscribe(): void } | undefined;
  const begin = (tries: number): void => {
    subscribed = client
      .subscription(tasksWindow, variables, uncached)
      .subscribe(({ data, error, hasNext }) => {
        if (isOver) return;
        if (data !== undefined) onUpdate(data.tasksUpdated);
        if (error !== undefined) onError(error);
        if (hasNext || error === undefined || !isPassing(error)) return;
        retry = setTimeout(
          () => begin(data === undefined ? tries + 1 : 0),
          Math.min(10_000, 500 * 2 ** tries),
        );
      });
  };
  begin(0);
  return {
    stop() {
      isOver = true;
      clearTimeout(retry);
      subscribed?.unsubscribe();
    },
  };
}
