import { type Client, createClient } from 'graphql-ws';
import { useSyncExternalStore } from 'react';
import { endpoint } from './endpoint.ts';

/** How the page is connected to the API: soon for the first time, live, on its way back after a loss, or for a reason over that another try doesn't mend. */
export type ConnectionState = 'connecting' | 'live' | 'lost' | 'ended';

/** The one socket over which everything live comes. It reconnects by itself, and each subscription begins anew then. */
export class Connection {
  readonly #token: string | undefined;
  /** The API has refused the token, or ended its session. */
  readonly #onRefused: (reason: string) => void;
  readonly #listeners = new Set<() => void>();
  #opened: Client | undefined;
  #state: ConnectionState = 'connecting';

  constructor(token: string | undefined, onRefused: (reason: string) => void) {
    this.#token = token;
    this.#onRefused = onRefused;
  }

  /** The socket: opened by the first who asks for it, and then as long as the page, to tell whether it is live and signed in. */
  get socket(): Client {
    return (this.#opened ??= this.#open());
  }

  close(): void {
    void this.#opened?.dispose();
    this.#opened = undefined;
  }

  #open(): Client {
    let silent: ReturnType<typeof setTimeout> | undefined;
    const socket = createClient({
      url: endpoint('ws'),
      ...(this.#token === undefined ? {} : { connectionParams: { authorization: `Bearer ${this.#token}` } }),
      lazy: false,
      // It doesn't try again after what only a mistake can bring about.
      onNonLazyError: () => this.#become('ended'),
      retryAttempts: Infinity,
      retryWait: async (retries) =>
        await pause(Math.min(5000, 250 * 2 ** retries) * (0.75 + Math.random() / 2)),
      shouldRetry: (event) => !isRefusal(event),
      // A connection that died silently is noticed by its pings.
      keepAlive: 10_000,
      on: {
        connected: () => this.#become('live'),
        ping: (received) => {
          if (!received) silent = setTimeout(() => socket.terminate(), 5000);
        },
        pong: (received) => {
          if (received) clearTimeout(silent);
        },
        closed: (event) => {
          clearTimeout(silent);
          this.#become('lost');
          if (isRefusal(event)) this.#onRefused(event.reason);
        },
      },
    });
    return socket;
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
