import { type Client, createClient } from 'graphql-ws';
import { useSyncExternalStore } from 'react';
import { endpoint } from './endpoint.ts';

/** How the page is connected to the API: by nothing so far, live, or after a loss on its way back. */
export type ConnectionState = 'idle' | 'connecting' | 'live' | 'lost';

/** The one socket over which everything live comes. It reconnects by itself, and each subscription begins anew then. */
export class Connection {
  readonly socket: Client;
  /** The API has refused the token, or ended its session. */
  readonly #onRefused: (reason: string) => void;
  readonly #listeners = new Set<() => void>();
  #state: ConnectionState = 'idle';

  constructor(token: string | undefined, onRefused: (reason: string) => void) {
    this.#onRefused = onRefused;
    let lastPing = 0;
    let silent: ReturnType<typeof setTimeout> | undefined;
    this.socket = createClient({
      url: endpoint('ws'),
      ...(token === undefined ? {} : { connectionParams: { authorization: `Bearer ${token}` } }),
      retryAttempts: Infinity,
      retryWait: async (retries) =>
        await pause(Math.min(5000, 250 * 2 ** retries) * (0.75 + Math.random() / 2)),
      shouldRetry: (event) => !isRefusal(event),
      // A connection that died silently is noticed by its pings.
      keepAlive: 10_000,
      on: {
        connecting: () => this.#become(this.#state === 'lost' ? 'lost' : 'connecting'),
        connected: () => this.#become('live'),
        ping: (received) => {
          if (received) return;
          lastPing = Date.now();
          silent = setTimeout(() => {
            if (Date.now() - lastPing >= 4900) this.socket.terminate();
          }, 5000);
        },
        pong: (received) => {
          if (received) clearTimeout(silent);
        },
        closed: (event) => {
          clearTimeout(silent);
          const wasWanted = event instanceof CloseEvent && event.code === 1000;
          this.#become(wasWanted ? 'idle' : 'lost');
          if (isRefusal(event)) this.#onRefused(event.reason);
        },
      },
    });
  }

  close(): void {
    void this.socket.dispose();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Calls back when the state is another one, until what it returns is called. */
  readonly onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  #become(state: ConnectionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** The state, and a render when it changes. */
export function useConnectionState(connection: Connection): ConnectionState {
  return useSyncExternalStore(connection.onChange, () => connection.state);
}

function isRefusal(event: unknown): event is CloseEvent {
  return event instanceof CloseEvent && (event.code === 4403 || event.code === 4401);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => void setTimeout(resolve, ms));
}
