import { describe, expect, test, vi } from 'vitest';
import { double, forever } from '../support/definitions.ts';
import { figures, growth, parseExposition } from '../support/exposition.ts';
import { TestTokens } from '../support/tokens.ts';
import { post, RawClient } from './raw-client.ts';
import { RunningTask } from './running-task.ts';
import { TestApi } from './test-api.ts';

vi.setConfig({ testTimeout: 30_000 });

const watch = 'subscription ($id: ID!) { taskUpdated(id: $id) { status } }';

/** A request that is right, and written in a way that only Yoga reads. */
const unusual = { accept: 'text/event-stream', 'content-type': 'application/json; charset=utf8' };

async function open(
  api: TestApi,
  headers: Record<string, string>,
  variables: { readonly id: string },
  signal: AbortSignal = new AbortController().signal,
) {
  const body = JSON.stringify({ query: watch, variables });
  const response = await fetch(api.url, { method: 'POST', headers, body, signal });
  const results = statusesOf(response);
  return { response, results };
}

/** The status in each result of a stream, as they come. */
async function* statusesOf({ body }: Response): AsyncGenerator<string | undefined> {
  let seen = 0;
  let text = '';
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const found = [...text.matchAll(/"status":"([A-Z]+)"/g)];
    for (const [, status] of found.slice(seen)) yield status;
    seen = found.length;
  }
}

const scrape = async (api: TestApi) => parseExposition(await (await fetch(`${api.origin}/metrics`)).text());

test('a stream that an unusual request asked for is counted while it is open, and so is what it is sent', async () => {
  await using api = await TestApi.start([forever]);
  const { id } = await api.tests.tasks.enqueue(forever, {});
  await api.tests.reached(id, ({ progress }) => progress !== undefined);
  const before = await scrape(api);
  const { response, results } = await open(api, unusual, { id });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect((await results.next()).value).toBe('RUNNING');
  expect(figures(await scrape(api), 'taskwire_event_streams')).toEqual({ '': 1 });

  await api.tests.tasks.cancel(id);
  const rest = await Array.fromAsync(results);

  expect(rest.at(-1)).toBe('CANCELED');
  const after = await scrape(api);
  expect(growth(before, after, 'taskwire_states_sent_total')).toEqual({ '': 1 + rest.length });
  expect(figures(after, 'taskwire_event_streams')).toEqual({ '': 0 });
});

test('it is open no more, nor watched, once its client has left', async () => {
  await using api = await TestApi.start([forever], { workers: 0 });
  const { id } = await api.tests.tasks.enqueue(forever, {});
  const leaving = new AbortController();
  const { results } = await open(api, unusual, { id }, leaving.signal);
  expect((await results.next()).value).toBe('QUEUED');

  leaving.abort();

  await vi.waitFor(async () =>
    expect(figures(await scrape(api), 'taskwire_event_streams')).toEqual({ '': 0 }),
  );
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0));
});

test('there are as many of them as an address may have, and no more', async () => {
  await using api = await TestApi.start([forever], { workers: 0, sockets: { maxPerAddress: 1 } });
  const { id } = await api.tests.tasks.enqueue(forever, {});
  const leaving = new AbortController();
  const { results } = await open(api, unusual, { id }, leaving.signal);
  await results.next();

  const second = await open(api, unusual, { id });
  expect(await second.response.text()).toContain('"code":"RATE_LIMITED"');
  leaving.abort();

  await vi.waitFor(async () => {
    const third = await open(api, unusual, { id }, AbortSignal.timeout(5_000));
    expect((await third.results.next()).value).toBe('QUEUED');
    await third.results.return(undefined);
  });
});

test('it ends with an error where its session is revoked', async () => {
  const tokens = new TestTokens();
  await using api = await TestApi.start([forever], { workers: 0, authenticator: tokens });
  const { id } = await api.tests.tasks.enqueue(forever, {});
  const token = tokens.make('ann', undefined, ['admin']);
  const { response } = await open(api, { ...unusual, authorization: `Bearer ${token}` }, { id });
  const told = response.text();

  tokens.revoke(token);

  expect(await told).toContain('"code":"UNAUTHENTICATED"');
});

test('it shares its watch with whoever is told the same over a socket', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const { id } = await api.tests.tasks.enqueue(double, { n: 1 });
  const { results } = await open(api, unusual, { id });
  const overSocket = api.ws(watch, { id });
  await results.next();
  await overSocket.next();
  expect(api.tests.tasks.channels).toBe(1);

  await api.tests.startWorker();

  expect((await Array.fromAsync(results)).at(-1)).toBe('SUCCEEDED');
  expect((await Array.fromAsync(overSocket)).at(-1)?.data).toEqual({ taskUpdated: { status: 'SUCCEEDED' } });
});

test('who reads nothing of it is cut off, and takes no place any more', async () => {
  const sockets = { pingMs: 100, blockedMs: 200 };
  // What looks after all answers isn't to be quicker.
  const connections = { answerMs: 60_000 };
  await using api = await TestApi.start([forever], { workers: 0, sockets, connections });
  await using task = await RunningTask.start(api);
  using reader = await RawClient.open(api.origin);
  const query = 'subscription ($id: ID!) { taskUpdated(id: $id) { progress { current data } } }';
  reader.send(post(JSON.stringify({ query, variables: { id: task.id } }), unusual));
  await reader.hears('event: next');
  reader.socket.pause();
  expect(api.tests.tasks.channels).toBe(1);

  const until = AbortSignal.timeout(20_000);
  // As many as it takes to fill what the kernel keeps for both ends.
  while (api.tests.tasks.channels > 0 && !until.aborted) await task.tell();

  expect(api.tests.tasks.channels).toBe(0);
  expect(figures(await scrape(api), 'taskwire_event_streams')).toEqual({ '': 0 });
});

describe('a mutation whose answer is a stream of events', () => {
  const mutation = 'mutation { forever(options: { wait: "5m" }) { task { id } } }';

  test('waits for nobody any more once its client has left', async () => {
    await using api = await TestApi.start([forever]);
    const leaving = new AbortController();
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    const body = JSON.stringify({ query: mutation });
    const asked = fetch(api.url, { method: 'POST', headers, body, signal: leaving.signal });
    await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(1));

    leaving.abort();

    await expect(asked).rejects.toThrow('aborted');
    await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0));
  });

  test('is told its result as the one event', async () => {
    await using api = await TestApi.start([double]);
    const query = 'mutation { double(input: { n: 21 }, options: { wait: "1m" }) { task { output { n } } } }';

    const results = await Array.fromAsync(api.sse(query));

    expect(results).toEqual([{ data: { double: { task: { output: { n: 42 } } } } }]);
  });
});

describe('what its client takes no answer to is refused with 406, and nothing is enqueued', () => {
  const run = 'subscription { runDouble(idempotencyKey: "a", input: { n: 1 }) { status } }';
  const mutation = 'mutation { double(input: { n: 1 }) { task { id } } }';
  const plain = 'application/json';

  test.each([
    ['a mutation', 'text/html', mutation, plain],
    ['a mutation', 'multipart/mixed', mutation, plain],
    ['a mutation', 'application/json; charset=latin1', mutation, plain],
    ['a mutation written unusually', 'text/html', mutation, unusual['content-type']],
    ['a subscription that enqueues', 'text/html', run, plain],
    ['a subscription that enqueues', 'application/json', run, plain],
    ['such a subscription written unusually', 'application/json', run, unusual['content-type']],
    ['such a subscription written unusually', 'multipart/mixed', run, unusual['content-type']],
  ])('%s, with `Accept: %s`', async (_, accept, query, type) => {
    await using api = await TestApi.start([double], { workers: 0 });

    const response = await api.post({ query }, { accept, 'content-type': type });

    expect(response.status).toBe(406);
    expect(await response.json()).toMatchObject({
      errors: [{ message: expect.stringContaining(accept), extensions: { code: 'BAD_REQUEST' } }],
    });
    expect(await api.tests.tasks.count()).toMatchObject({ count: 0 });
    expect(api.tests.tasks.channels).toBe(0);
    expect(figures(await scrape(api), 'taskwire_event_streams')).toEqual({ '': 0 });
  });

  test('but an empty `Accept` takes anything', async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    using client = await RawClient.open(api.origin);

    client.send(post(JSON.stringify({ query: mutation }), { accept: '' }));

    await client.hears('"id":"default_');
    expect(client.text).toContain('HTTP/1.1 200 OK');
    expect(await api.tests.tasks.count()).toMatchObject({ count: 1 });
  });
});
