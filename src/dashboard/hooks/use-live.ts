import type { AnyVariables, CombinedError, TypedDocumentNode } from 'urql';
import { useClient } from 'urql';
import { useEffect, useEffectEvent, useState } from 'react';
import { type Resumable, uncached } from '../client/client.ts';

/** What a subscription has come to so far. */
export interface Live<State> {
  readonly state: State | undefined;
  readonly error: CombinedError | undefined;
  /** The subscription has ended by itself: there is nothing newer to come. */
  readonly isOver: boolean;
}

/** How a subscription is followed. */
export interface LiveOptions {
  /** Another one follows anew what has ended. */
  readonly round?: number;
  /** Its first event says all there is, and later ones what has changed: after a loss the state is made from nothing again. */
  readonly beginsAnew?: boolean;
  /** It tells of ever new things, which the cache would keep for ever: it goes past it. */
  readonly isEndless?: boolean;
}

/**
 * Follows a subscription, and makes of its events the state that a page shows: `reduce` gets the state so far (undefined at
 * first) and an event. However many events come, there is one render for each frame of the screen. Pass undefined as
 * `variables` to wait.
 */
export function useLive<Data, Variables extends AnyVariables, State>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables | undefined,
  reduce: (state: State | undefined, data: Data) => State,
  options: LiveOptions = {},
): Live<State> {
  const { round = 0, beginsAnew = false, isEndless = false } = options;
  const client = useClient();
  const [live, setLive] = useState<Live<State> & { readonly of?: string | undefined }>(nothing);
  const reduced = useEffectEvent(reduce);
  // The same variables, however often they are made.
  const key = variables === undefined ? undefined : JSON.stringify(variables);
  useEffect(() => {
    if (key === undefined) return;
    let next: Live<State> = nothing;
    let frame: number | undefined;
    const show = (live: Live<State>): void => {
      next = live;
      frame ??= requestAnimationFrame(() => {
        frame = undefined;
        setLive({ ...next, of: key });
      });
    };
    let retry: ReturnType<typeof setTimeout> | undefined;
    let isFirst = true;
    // What `JSON.stringify` made of them.
    const wanted = JSON.parse(key) as Variables & Record<string, unknown>;
    const context: Resumable = {
      ...(isEndless ? uncached : {}),
      resume: () => {
        isFirst = true;
        return wanted;
      },
    };
    let subscribed: { unsubscribe(): void } | undefined;
    const follow = (tries: number): void => {
      const results = client.subscription(document, wanted, context);
      subscribed = results.subscribe(({ data, error, hasNext }) => {
        const isEmpty = data === undefined;
        const before = isFirst && beginsAnew ? undefined : next.state;
        const state = isEmpty ? next.state : reduced(before, data);
        if (!isEmpty) isFirst = false;
        show({ state, error, isOver: !hasNext });
        if (hasNext || error === undefined || !isPassing(error)) return;
        retry = setTimeout(follow, Math.min(10_000, 500 * 2 ** tries), isEmpty ? tries + 1 : 0);
      });
    };
    follow(0);
    return () => {
      clearTimeout(retry);
      subscribed?.unsubscribe();
      if (frame !== undefined) cancelAnimationFrame(frame);
      setLive(nothing);
    };
  }, [client, document, key, round, beginsAnew, isEndless]);
  // Of other variables it is shown no more.
  return live.of === key ? live : nothing;
}

/** Whether trying again may help: the store is away, or too much was asked at once. */
export function isPassing({ graphQLErrors }: CombinedError): boolean {
  const codes = graphQLErrors.map(({ extensions }) => extensions['code']);
  return codes.includes('UNAVAILABLE') || codes.includes('RATE_LIMITED');
}

const nothing: Live<never> = { state: undefined, error: undefined, isOver: false };
