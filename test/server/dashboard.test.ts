import { expect, test } from 'vitest';
import { get } from 'node:http';
import { TestApi } from './test-api.ts';

/** Asked as it stands: `fetch` would unpack the answer, and solve the path. */
async function ask(url: string, headers: Readonly<Record<string, string>> = {}) {
  return await new Promise<{ status: number; headers: Record<string, unknown>; text: string }>(
    (resolve, reject) => {
      get(url, { headers }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      }).on('error', reject);
    },
  );
}

const scriptOf = (page: string): string => /src="\.\/(assets\/[^"]+\.js)"/.exec(page)?.[1] ?? 'no script';

test('the root and the address of each page answer with the dashboard, which may ask nobody but the API', async () => {
  await using api = await TestApi.start([]);

  for (const path of ['/', '/tasks?status=FAILED', '/tasks/default_01', '/queues/images']) {
    const page = await ask(`${api.origin}${path}`);

    expect(page.status).toBe(200);
    expect(page.text).toContain('<base href="/" />');
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    });
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; /,
    );
    expect(page.text).not.toMatch(/<script>|<style|style=/);
  }
});

test("the page's files come compressed, and are kept by browsers for good", async () => {
  await using api = await TestApi.start([]);
  const script = scriptOf((await ask(api.origin)).text);

  const plain = await ask(`${api.origin}/${script}`);
  const packed = await ask(`${api.origin}/${script}`, { 'accept-encoding': 'gzip, br' });
  const again = await ask(`${api.origin}/${script}`, { 'if-none-match': String(plain.headers['etag']) });

  expect(plain.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
  });
  expect(packed.headers['content-encoding']).toBe('br');
  expect(packed.text.length).toBeLessThan(plain.text.length / 2);
  expect(again.status).toBe(304);
});

test.each(['/assets/none.js', '/assets/../../package.json', '/assets/..%2f..%2fpackage.json', '/assets/%00'])(
  '%s is not found',
  async (path) => {
    await using api = await TestApi.start([]);

    const { status, text } = await ask(`${api.origin}${path}`);

    expect(status).toBe(404);
    expect(text).not.toContain('taskwire');
  },
);

test('below a base path all is found with it, and without it by who knows nothing of it', async () => {
  await using api = await TestApi.start([], { basePath: '/jobs/live/', graphiql: true });
  const answers = await Promise.all(
    ['/jobs/live', '/jobs/live/', '/jobs/live/tasks', '/tasks'].map(
      async (path) => await ask(`${api.origin}${path}`),
    ),
  );
  const page = answers[0]?.text ?? '';
  const query = encodeURIComponent('{ __typename }');
  const statuses = await Promise.all(
    [`/jobs/live/${scriptOf(page)}`, `/jobs/live/graphql?query=${query}`, '/jobs/live/health', '/health'].map(
      async (path) => (await fetch(`${api.origin}${path}`)).status,
    ),
  );

  expect(answers.map(({ text }) => text.includes('<base href="/jobs/live/" />'))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(statuses).toEqual([200, 200, 200, 200]);
  expect((await fetch(`${api.origin}/jobs/livelier`)).status).toBe(404);
});

test.each(['//evil.example/tasks', '/elsewhere', '/tasksx'])('%s is no page', async (path) => {
  await using api = await TestApi.start([]);

  expect((await fetch(`${api.origin}${path}`)).status).toBe(404);
});

test('without the dashboard the root leads to GraphQL', async () => {
  await using api = await TestApi.start([], { dashboard: false, basePath: '/jobs' });

  const { status, headers } = await ask(`${api.origin}/jobs`);

  expect(status).toBe(302);
  expect(headers['location']).toBe('/jobs/graphql');
  expect((await ask(`${api.origin}/tasks`)).status).toBe(404);
});

test('an open API shows no page under a name that is not its own', async () => {
  await using api = await TestApi.start([]);

  expect((await ask(api.origin, { host: 'rebound.example.com' })).text).not.toContain('<base');
});
