import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Context } from '../graphql/context.ts';
import type { MaskError } from '../graphql/errors.ts';
import type { ClientPlaces } from './client-places.ts';
import type { Params } from './pipeline.ts';
import { PulledResults } from './pulled-results.ts';
import { sessionOver, type SignIn } from './sign-in.ts';
import type { Subscriptions } from './subscriptions.ts';

/** The subscriptions that Yoga streams, as their requests are written in an unusual way: begun, counted and ended as all others are. */
export class PulledStreams {
  readonly #subscriptions: Subscriptions;
  readonly #signIn: SignIn;
  readonly #places: ClientPlaces;
  readonly #maskError: MaskError;
  #size = 0;

  constructor(subscriptions: Subscriptions, signIn: SignIn, places: ClientPlaces, maskError: MaskError) {
    this.#subscriptions = subscriptions;
    this.#signIn = signIn;
    this.#places = places;
    this.#maskError = maskError;
  }

  /** How many are open. */
  get size(): number {
    return this.#size;
  }

  /** Begins one, or says why it couldn't; it ends with an error where its session does. */
  async open(
    params: Params,
    context: Context,
    response: ServerResponse,
  ): Promise<PulledResults | ExecutionResult> {
    const { session, address = '' } = context;
    const free = this.#places.takeForStream(session, address);
    if (typeof free !== 'function') return { errors: [this.#maskError(free)] };
    let begun: Awaited<ReturnType<Subscriptions['open']>> | undefined;
    let isOver = false;
    const results = new PulledResults(this.#maskError, () => {
      isOver = true;
      this.#size -= 1;
      release();
      free();
      leave();
    });
    const leave = (): void => {
      if (begun !== undefined && 'leave' in begun) begun.leave();
    };
    const release = this.#signIn.hold(session, (why) => {
      leave();
      results.client.fail(sessionOver(why));
    });
    this.#size += 1;
    try {
      begun = await this.#subscriptions.open(params, context, results.line, results.client);
    } catch (error) {
      begun = { errors: [this.#maskError(error)] };
    }
    if ('leave' in begun) {
      // Yoga leaves alone what it can't tell to a client that takes no events.
      response.once('close', () => void results.return());
      if (response.closed) await results.return();
      if (isOver) begun.leave();
      return results;
    }
    await results.return();
    return begun;
  }
}
