import { createClient } from 'graphql-ws';
import { CommandError } from './exit.ts';

/** An error as a GraphQL response carries it. */
interface ResponseError {
  readonly message: string;
  readonly extensions?: {
    readonly code?: string;
    readonly issues?: readonly { readonly path: readonly (string | number)[]; readonly message: string }[];
  };
}

/** A connection to a running API: GraphQL over HTTP for what is answered once, graphql-ws for what streams. */
export interface ApiClient extends AsyncDisposable {
  /** @throws CommandError in one sentence, where nothing answers or the answer holds errors. */
  request<Data>(query: string, variables?: Record<string, unknown>): Promise<Data>;
  /** Streams until the API completes. Connects again as often as the connection is lost. */
  subscribe<Data>(query: string, variables: Record<string, unknown>): AsyncGenerator<Data>;
}

/** Where an API is, and by what to sign in to it. */
export interface ApiSettings {
  readonly url: string;
  readonly token: string | undefined;
}

/** Over WebSocket: the token isn't valid, or not any more. */
const forbidden = 4403;

/** Connects when first used. `onLost` hears of each connection that ended before its time, once until the next. */
export function connectApi({ url, token }: ApiSettings, onLost: (reason: string) => void): ApiClient {
  let isLost = false;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = createClient({
    url: url.replace(/^http/, 'ws'),
    connectionParams: headers,
    retryAttempts: Number.POSITIVE_INFINITY,
    // The API was there a moment ago, so even a refused connection is worth another try; a refused token isn't.
    shouldRetry: (event) => closing(event).code !== forbidden,
    retryWait: (retries) =>
      new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** retries, 2_000))),
    on: {
      connected: () => (isLost = false),
      closed: (event) => {
        const { code, reason } = closing(event);
        if (code === 1000 || code === forbidden || isLost) return;
        isLost = true;
        onLost(reason === '' ? `code ${code}` : `${code} ${reason}`);
      },
    },
  });
  return {
    request: async <Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> =>
      // The shape of the data follows from the query, which the caller wrote.
      dataOf(await post(url, headers, { query, variables })) as Data,
    async *subscribe<Data>(query: string, variables: Record<string, unknown>): AsyncGenerator<Data> {
      try {
        for await (const result of socket.iterate({ query, variables })) yield dataOf(result) as Data;
      } catch (error) {
        if (error instanceof CommandError) throw error;
        throw Array.isArray(error) ? refused(error) : lostForGood(url, error);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await socket.dispose();
    },
  };
}

async function post(url: string, signIn: Readonly<Record<string, string>>, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...signIn,
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
    },
    body: JSON.stringify(body),
  }).catch((error: unknown) => {
    throw new CommandError(
      `No API answers at ${url} (${reasonOf(error)}). Start one with 'taskwire dev', or name another with --url.`,
      { cause: error },
    );
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(
      `${url} answers ${response.status} without JSON, so it is hardly a GraphQL API. Name another with --url.`,
      { cause: error },
    );
  }
}

/** The data of a response without errors. */
function dataOf(result: unknown): unknown {
  const { data, errors } = (result ?? {}) as { data?: unknown; errors?: readonly ResponseError[] };
  if (errors !== undefined && errors.length > 0) throw refused(errors);
  if (data === undefined || data === null) throw new CommandError('The API answered without data.');
  return data;
}

function refused(errors: readonly ResponseError[]): CommandError {
  const lines = errors.flatMap(({ message, extensions }) => [
    extensions?.code === undefined ? message : `${extensions.code}: ${message}`,
    ...(extensions?.issues ?? [])
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      // A single one is often the whole message.
      .filter((issue) => issue !== message)
      .map((issue) => `  ${issue}`),
  ]);
  const isUnknown = errors.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');
  return new CommandError([...lines, ...(isUnknown ? [tokenHint] : [])].join('\n'));
}

const tokenHint = 'Give a token that is valid with --token or TASKWIRE_TOKEN.';

function lostForGood(url: string, error: unknown): CommandError {
  const { code, reason } = closing(error);
  if (code === forbidden) {
    return new CommandError(`${url} refuses the token (${reason}). ${tokenHint}`, { cause: error });
  }
  return new CommandError(`${url} ended the subscription (${code}${reason === '' ? '' : ` ${reason}`}).`, {
    cause: error,
  });
}

/** Code and reason of a WebSocket's close event, which has no class of its own everywhere. */
function closing(event: unknown): { code: number; reason: string } {
  const { code = 1006, reason = '' } = (event ?? {}) as { code?: number; reason?: string };
  return { code, reason };
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message !== '' ? cause.message : 'code' in cause ? String(cause.code) : cause.name;
}
