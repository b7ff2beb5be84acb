import type { DocumentNode, ExecutionResult } from 'graphql';
import type { Context } from '../graphql/context.ts';
import type { SharedStates } from '../graphql/shared-states.ts';
import { counts } from '../metrics.ts';
import { Cohort } from './cohort.ts';
import type { Line } from './line.ts';
import { payloadOf } from './payload.ts';
import type { Params, Pipeline, Subscription } from './pipeline.ts';
import { type Client, Subscriber } from './subscriber.ts';
import { WatchSpan } from './watch-span.ts';

/** A subscription under way; `leave` ends it where its client has gone. */
export interface Membership {
  leave(): void;
}

/** All subscriptions of a server, over whichever transport: those that ask for the same are one cohort. */
export class Subscriptions {
  readonly #pipeline: Pipeline;
  readonly #cohorts: WeakMap<DocumentNode, Map<string, Cohort>> = new WeakMap();

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  /**
   * Begins a subscription of a valid document for one client. Its payloads come as soon as there are some; where it
   * couldn't begin, the result says why.
   */
  async open(
    params: Params,
    context: Context,
    line: Line,
    client: Client,
  ): Promise<Membership | ExecutionResult> {
    const { traces } = this.#pipeline;
    const span = traces && new WatchSpan(traces, () => context.trace);
    const subscription = await this.#pipeline.subscribe(params, context);
    if ('errors' in subscription) return subscription;
    const { sharedStates } = subscription;
    if (sharedStates === undefined) return follow(subscription, line, client);
    const subscriber = new Subscriber(line, span?.of(client) ?? client);
    return await this.#join(subscription, sharedStates, params, context, subscriber, span);
  }

  async #join(
    subscription: Subscription,
    { versionOf, idOf }: SharedStates<unknown>,
    params: Params,
    context: Context,
    subscriber: Subscriber,
    span: WatchSpan | undefined,
  ): Promise<Membership> {
    const { events } = subscription;
    // What was read after this one had come: whatever the others were told last may be older.
    const first = await events.next();
    if (first.done === true) {
      subscriber.complete();
      return { leave: () => subscriber.leave() };
    }
    const cohorts = this.#cohorts.get(params.document) ?? new Map<string, Cohort>();
    this.#cohorts.set(params.document, cohorts);
    const key = cohortKey(params, context, idOf(first.value));
    const known = cohorts.get(key);
    if (known !== undefined && !known.isOver) {
      void events.return?.().catch(() => undefined);
      span?.begin(first.value, () => known.state);
      known.join(subscriber, first.value);
      return membership(known, subscriber, span);
    }
    const cohort = new Cohort(subscription, versionOf);
    cohorts.set(key, cohort);
    span?.begin(first.value, () => cohort.state);
    cohort.join(subscriber, first.value);
    void cohort.run(first.value).then(() => {
      if (cohorts.get(key) === cohort) cohorts.delete(key);
    });
    return membership(cohort, subscriber, span);
  }
}

function membership(cohort: Cohort, subscriber: Subscriber, span: WatchSpan | undefined): Membership {
  return {
    leave: () => {
      cohort.leave(subscriber);
      span?.end();
    },
  };
}

/**
 * Everything by which what a subscriber is told may differ, beside the document: who may see what is decided by the
 * viewer alone.
 */
export function cohortKey({ operationName, variables }: Params, { viewer }: Context, id: string): string {
  return JSON.stringify([id, operationName ?? '', variables ?? {}, viewer.key]);
}

/** A subscription of its own: the next event is asked for when the client has taken the last. */
function follow({ events, execute }: Subscription, line: Line, client: Client): Membership {
  let isOver = false;
  const run = async (): Promise<void> => {
    try {
      for (let next = await events.next(); next.done !== true; next = await events.next()) {
        const payload = payloadOf(await execute(next.value));
        // Of many that waited for room the first ones may have taken it.
        while (line.isFull) await line.room();
        if (isOver) return;
        counts.statesSent += 1;
        client.next(payload);
      }
      if (!isOver) client.complete();
    } catch (error) {
      if (!isOver) client.fail(error);
    }
  };
  void run();
  return {
    leave: () => {
      isOver = true;
      void events.return?.()?.catch(() => undefined);
    },
  };
}
