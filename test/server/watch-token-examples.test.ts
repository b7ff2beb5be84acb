import { compileFunction } from 'node:vm';
import { EventSource } from 'eventsource';
import { type ClientOptions, createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyzeData } from '../../src/builtin/analyze-data.ts';
import { WatchTokens } from '../../src/auth/watch-tokens.ts';
import { TestTokens } from '../support/tokens.ts';
import { exampleNames, watchExamples } from '../support/watch-examples.ts';
import { sessionEnd } from './session-end.ts';
import { TestApi } from './test-api.ts';
import { TestClient } from './test-client.ts';

interface Handed {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: string;
}

interface Shown {
  readonly status: string;
  readonly isFinal: boolean;
}

type Follow = (handed: Handed, show: (state: Shown, errors: unknown) => void) => () => void;

/** The functions of the examples in the document, against this API. */
interface Examples {
  readonly startReport: (data: string, apiToken: string) => Promise<Handed>;
  readonly followReport: Follow;
  readonly followReportByEvents: Follow;
}

const tokens = new TestTokens();
const apiToken = tokens.make('acme');
let api: TestApi;
let examples: Examples;
/** Sockets that have signed in. */
let connections = 0;

beforeAll(async () => {
  api = await TestApi.start([analyzeData], { authenticator: tokens });
  const code = `${await watchExamples(api.origin)}\nreturn { ${exampleNames.join(', ')} };`;
  const compiled = compileFunction(code, ['createClient', 'EventSource']);
  // What it returns, by their names.
  examples = compiled((options: ClientOptions) => {
    const client = createClient(options);
    client.on('connected', () => (connections += 1));
    return client;
  }, EventSource) as Examples;
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

/** Follows as the document shows; resolves with the last state, or with what went wrong. */
function followed(name: 'followReport' | 'followReportByEvents', handed: Handed) {
  const { promise, resolve, reject } = Promise.withResolvers<Shown>();
  const stop = examples[name](handed, (state, errors) => {
    if (errors !== undefined) reject(new Error(JSON.stringify(errors)));
    else if (state.isFinal) resolve(state);
  });
  return { end: promise, stop };
}

describe.each(['followReport', 'followReportByEvents'] as const)('%s of docs/watch-tokens.md', (name) => {
  test('follows what startReport has enqueued', async () => {
    const { end, stop } = followed(name, await examples.startReport('a,b\n1,2\n', apiToken));

    expect(await end).toMatchObject({ status: 'SUCCEEDED' });
    stop();
  });

  test('renews its token, and so goes on beyond its end', async () => {
    const backend = new TestClient(api.origin, apiToken);
    const { data } = await backend.http(
      'mutation { analyzeData(input: { csv: "a,b" }, options: { delay: "1h" }) { task { id } } }',
    );
    const { id } = data.analyzeData.task;
    const { connection, options } = api.tests.tasks;
    const tokens = new WatchTokens(connection, options.redis.prefix ?? 'tw');
    const { token, expiresAt } = await tokens.mint(
      { taskId: id, owner: 'acme', rights: ['STATUS', 'OUTPUT'] },
      2_000,
    );
    connections = 0;
    const { end, stop } = followed(name, { id, token, expiresAt: new Date(expiresAt).toISOString() });

    expect(await sessionEnd(api.socketUrl, token)).toBe(4403);
    await backend.http('mutation ($id: ID!) { cancelTask(id: $id) { accepted } }', { id });

    expect(await end).toMatchObject({ status: 'CANCELED' });
    // Its client would come again by itself, had it been closed.
    expect(connections).toBe(name === 'followReport' ? 1 : 0);
    stop();
  });
});
