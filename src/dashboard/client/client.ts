import {
  Client,
  type Exchange,
  fetchExchange,
  mapExchange,
  type Operation,
  subscriptionExchange,
} from 'urql';
import { cache } from './cache.ts';
import { Connection } from './connection.ts';
import { endpoint } from './endpoint.ts';

/** What a page asks the API by: queries and mutations over HTTP, everything live over one socket, and one cache of both. */
export interface Api {
  readonly client: Client;
  readonly connection: Connection;
}

/** What the context of a subscription may have: its variables after a loss, where it goes on rather than begins anew. */
export interface Resumable {
  readonly resume?: () => Record<string, unknown>;
}

/** Opens the API for a token, or for nobody; `onRefused` hears that it isn't, or no longer, let in. */
export function openApi(token: string | undefined, onRefused: (reason: string) => void): Api {
  const connection = new Connection(token, onRefused);
  const client = new Client({
    url: endpoint('http'),
    preferGetMethod: false,
    requestPolicy: 'cache-and-network',
    fetchOptions: () => (token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    exchanges: [
      withoutNull,
      live(connection, ({ context }) => context['isUncached'] === true),
      cache(),
      fetchExchange,
      live(connection),
    ],
  });
  return { client, connection };
}

/** In the context of a query or subscription: it goes over the socket, and past the cache, which forgets nothing. For lists without an end. */
export const uncached = { isUncached: true };

/** What failed as a whole has the data `null` in GraphQL, which results don't have by their type: it is undefined for all who ask. */
const withoutNull = mapExchange({
  onResult: (result) => (result.data === null ? { ...result, data: undefined } : result),
});

/** Operations over the socket: subscriptions, or what `isOurs` says. */
function live(connection: Connection, isOurs?: (operation: Operation) => boolean): Exchange {
  return subscriptionExchange({
    ...(isOurs === undefined ? {} : { isSubscriptionOperation: isOurs }),
    forwardSubscription: ({ query = '', variables }, { context }) => ({
      subscribe: (sink) => ({
        unsubscribe: connection.socket.subscribe(
          {
            query,
            // Read whenever the socket subscribes, also after a loss.
            get variables() {
              return (context as Resumable).resume?.() ?? variables;
            },
          },
          {
            next: ({ data = null, errors = [] }) =>
              sink.next({ data, ...(errors.length === 0 ? {} : { errors: [...errors] }) }),
            error: (error) => {
              if (!Array.isArray(error)) return sink.error(error);
              // What the API refuses is over: nothing else comes.
              sink.next({ errors: [...error], hasNext: false });
              sink.complete();
            },
            complete: () => sink.complete(),
          },
        ),
      }),
    }),
  });
}
