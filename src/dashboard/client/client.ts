import { Client, type Exchange, fetchExchange, type Operation, subscriptionExchange } from 'urql';
import { cache } from './cache.ts';
import { Connection } from './connection.ts';
import { endpoint } from './endpoint.ts';

/** What a page asks the API by: queries and mutations over HTTP, everything live over one socket, and one cache of both. */
export interface Api {
  readonly client: Client;
  readonly connection: Connection;
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

/** Operations over the socket: subscriptions, or what `isOurs` says. */
function live(connection: Connection, isOurs?: (operation: Operation) => boolean): Exchange {
  return subscriptionExchange({
    ...(isOurs === undefined ? {} : { isSubscriptionOperation: isOurs }),
    forwardSubscription: ({ query = '', variables }) => ({
      subscribe: (sink) => ({
        unsubscribe: connection.socket.subscribe(
          { query, variables },
          {
            next: ({ data = null, errors = [] }) =>
              sink.next({ data, ...(errors.length === 0 ? {} : { errors: [...errors] }) }),
            error: (error) => sink.error(error),
            complete: () => sink.complete(),
          },
        ),
      }),
    }),
  });
}
