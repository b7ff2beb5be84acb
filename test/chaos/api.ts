import { createClient, type Client } from 'graphql-ws';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** An answer as GraphQL gives it. */
export interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

/** The API processes as a client knows them: addresses, of which it takes the next when one doesn't answer. */
export class Apis {
  readonly #urls: readonly string[];
  #turn = 0;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** One request to one process; undefined where there was no answer, and so nobody knows what came of it. */
  async ask(query: string, variables: Readonly<Record<string, unknown>>): Promise<Answer | undefined> {
    try {
      const response = await fetch(this.#next(), {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(5_000),
      });
      return (await response.json()) as Answer;
    } catch {
      return undefined;
    }
  }

  /** A WebSocket that connects again, to the next process, whenever it breaks. */
  socket(): Client {
    return createClient({
      url: () => this.#next().replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: Infinity,
      retryWait: () => delay(50),
      shouldRetry: () => true,
    });
  }

  #next(): string {
    this.#turn += 1;
    return this.#urls[this.#turn % this.#urls.length] ?? '';
  }
}

/** True where the answer says that the store is away: what was asked for may have been done all the same. */
export function isUnavailable(answer: Answer): boolean {
  return answer.errors?.some(({ extensions }) => extensions?.code === 'UNAVAILABLE') ?? false;
}
