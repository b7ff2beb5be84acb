import { expect, test, vi } from 'vitest';
import { counts } from '../../src/metrics.ts';
import { PulledResults } from '../../src/server/pulled-results.ts';
import { Subscriber } from '../../src/server/subscriber.ts';
import { double, forever } from '../support/definitions.ts';
import { figures, growth, parseExposition } from '../support/exposition.ts';
import { TestTokens } from '../support/tokens.ts';
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

test('a client that asks for its states slowly is told the newest one and the end, and what it was spared is counted', async () => {
  const before = { ...counts };
  const onEnd = vi.fn<() => void>();
  const results = new PulledResults(() => {
    throw new Error('nothing fails here');
  }, onEnd);
  const subscriber = new Subscriber(results.line, results.client);

  for (const state of ['1', '2', '3', '4']) subscriber.next(state);
  subscriber.complete();
  expect(onEnd).not.toHaveBeenCalled();
  const told = await Array.fromAsync(results);

  expect(told.map(({ stringify }) => stringify())).toEqual(['1', '4']);
  expect(counts.statesSent - before.statesSent).toBe(2);
  expect(counts.statesSkipped - before.statesSkipped).toBe(2);
  expect(onEnd).toHaveBeenCalledTimes(1);
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

test('what cannot be told to a client that takes no events is not watched on', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  const { id } = await api.tests.tasks.enqueue(double, { n: 1 });

  const { response } = await open(api, { ...unusual, accept: 'multipart/mixed' }, { id });

  expect(response.status).toBe(406);
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0));
  expect(figures(await scrape(api), 'taskwire_event_streams')).toEqual({ '': 0 });
});
