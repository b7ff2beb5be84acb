import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, inject, test } from 'vitest';
import { analyzeData } from '../../src/builtin/analyze-data.ts';
import { WatchTokens } from '../../src/auth/watch-tokens.ts';
import { TestTokens } from '../support/tokens.ts';
import { watchExamples } from '../support/watch-examples.ts';
import { sessionEnd } from './session-end.ts';
import { TestApi } from './test-api.ts';
import { TestClient } from './test-client.ts';

const browser = inject('browser');

/** What a page has been shown, as it tells its own server. */
type Told = readonly { readonly state?: { readonly status: string }; readonly errors?: unknown }[];

/** The site of an application: one page, which tells it what it was shown up to the end. */
async function site(
  page: () => Promise<string>,
): Promise<{ server: Server; origin: string; told: Promise<Told> }> {
  const library = await readFile(
    new URL('../../node_modules/graphql-ws/umd/graphql-ws.min.js', import.meta.url),
  );
  const { promise: told, resolve } = Promise.withResolvers<Told>();
  const answer = async (request: IncomingMessage): Promise<string | Buffer> => {
    if (request.url === '/graphql-ws.js') return library;
    if (request.url !== '/told') return await page();
    // As the page below sends it.
    resolve(JSON.parse(await text(request)) as Told);
    return '';
  };
  const server = createServer((request, response) => {
    response.setHeader('content-type', request.url === '/' ? 'text/html' : 'text/javascript');
    void answer(request).then((body) => response.end(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return { server, origin: `http://127.0.0.1:${port}`, told };
}

const why = browser === undefined ? ' (skipped: there is no Chromium here)' : '';

test.skipIf(browser === undefined).each(['followReport', 'followReportByEvents'] as const)(
  `a page in Chromium, of another origin, watches beyond the end of its first token by %s${why}`,
  async (name) => {
    const { promise: handedOut, resolve: handOut } = Promise.withResolvers<string>();
    /** With a token that would end soon, were it not renewed. */
    const page = async (): Promise<string> => {
      const { connection, options } = api.tests.tasks;
      const { token, expiresAt } = await new WatchTokens(connection, options.redis.prefix ?? 'tw').mint(
        { taskId: id, owner: 'acme', rights: ['STATUS', 'OUTPUT'] },
        4_000,
      );
      handOut(token);
      return `<script src="/graphql-ws.js"></script><script>
        const { createClient } = graphqlWs;
        ${await watchExamples(api.origin)}
        const told = [];
        const handed = ${JSON.stringify({ id, token, expiresAt: new Date(expiresAt).toISOString() })};
        ${name}(handed, (state, errors) => {
          told.push({ state, errors });
          if (errors || state.isFinal) fetch('/told', { method: 'POST', body: JSON.stringify(told) });
        });
      </script>`;
    };
    const app = await site(page);
    const tokens = new TestTokens();
    await using api = await TestApi.start([analyzeData], { authenticator: tokens, origins: [app.origin] });
    const backend = new TestClient(api.origin, tokens.make('acme'));
    const { data } = await backend.http(
      'mutation { analyzeData(input: { csv: "a,b" }, options: { delay: "1h" }) { task { id } } }',
    );
    const { id } = data.analyzeData.task;
    const profile = await mkdtemp(join(tmpdir(), 'taskwire-browser-'));
    const flags = ['--no-sandbox', '--remote-debugging-port=0', `--user-data-dir=${profile}`];
    // In a group of its own, as it starts others.
    const child = spawn(browser ?? '', [...flags, app.origin], { stdio: 'ignore', detached: true });
    try {
      expect(await sessionEnd(api.socketUrl, await handedOut)).toBe(4403);
      await backend.http('mutation ($id: ID!) { cancelTask(id: $id) { accepted } }', { id });

      const told = await app.told;
      expect(told.map(({ errors }) => errors)).toEqual(told.map(() => undefined));
      expect(told[0]?.state?.status).toBe('SCHEDULED');
      expect(told.at(-1)?.state?.status).toBe('CANCELED');
    } finally {
      const ended = once(child, 'close');
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
      app.server.closeAllConnections();
      app.server.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  },
  60_000,
);
