import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { type AnyVariables, type CombinedError, type TypedDocumentNode, useClient } from 'urql';
import { type Resumable, uncached } from '../../client/client.ts';
import { isPassing } from '../../hooks/use-live.ts';

/** What grows at its end, and how far it has come: `after` this it goes on. */
interface Grown {
  readonly lastIndex: number;
}

export interface Appended<State> {
  readonly state: State;
  readonly error: CombinedError | undefined;
  /** Everything has come: the task has ended. */
  readonly isOver: boolean;
}

/**
 * Follows what only grows, as a log does. After a lost connection it goes on where it was, and so it does in another
 * `round`. `take` adds what has come; it may do so in place, as each frame in which something came renders anew. The
 * variables are those of the first render.
 */
export function useAppended<
  Data,
  Variables extends AnyVariables & Record<string, unknown> & { after?: number | null },
  State extends Grown,
>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, 'after'>,
  round: number,
  empty: () => State,
  take: (state: State, data: Data) => State,
): Appended<State> {
  const client = useClient();
  const [first] = useState(variables);
  const [shown, setShown] = useState<Appended<State>>(() => ({ ...running, state: empty() }));
  const latest = useRef(shown);
  const taken = useEffectEvent(take);
  useEffect(() => {
    let frame: number | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let subscribed: { unsubscribe(): void } | undefined;
    const show = (news: Partial<Appended<State>>): void => {
      latest.current = { ...latest.current, ...news };
      frame ??= requestAnimationFrame(() => {
        frame = undefined;
        setShown(latest.current);
      });
    };
    // Those of the document, with where it goes on.
    const next = () => ({ ...first, after: latest.current.state.lastIndex }) as Variables;
    const follow = (tries: number): void => {
      const context: Resumable = { ...uncached, resume: next };
      subscribed = client.subscription(document, next(), context).subscribe(({ data, error, hasNext }) => {
        if (data !== undefined) show({ state: taken(latest.current.state, data), error: undefined });
        if (hasNext && error === undefined) return;
        show({ error, isOver: error === undefined });
        if (error !== undefined && isPassing(error)) {
          retry = setTimeout(follow, Math.min(10_000, 500 * 2 ** tries), tries + 1);
        }
      });
    };
    show(running);
    follow(0);
    return () => {
      clearTimeout(retry);
      subscribed?.unsubscribe();
      if (frame !== undefined) cancelAnimationFrame(frame);
    };
  }, [client, document, first, round]);
  return shown;
}

const running = { error: undefined, isOver: false } as const;
