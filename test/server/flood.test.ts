import pino from 'pino';
import { expect, test, vi } from 'vitest';
import { forever } from '../support/definitions.ts';
import { frame, RawClient } from './raw-client.ts';
import { TestApi } from './test-api.ts';
import { heldBytes } from '../support/memory.ts';

const perFlood = 500;

let sent = 0;

/** A message to be sent again and again, each time another one. */
const floods: readonly (readonly [name: string, message: () => string])[] = [
  ['operations', () => subscribe(`${sent}`, `{ a${sent}: __typename }`)],
  [
    'subscriptions that are never completed',
    () => subscribe(`${sent}`, 'subscription { tasksUpdated(first: 1) { hasNextPage } }'),
  ],
  ['the same id', () => subscribe('1', '{ __typename }')],
  ['operations that are completed at once', () => `{"id":"${sent}","type":"complete"}`],
  ['operations with errors', () => subscribe(`${sent}`, `{ a${sent} }`)],
  ['syntax errors', () => subscribe(`${sent}`, `{ ${'{'.repeat(sent % 100)}`)],
  ['second inits', () => '{"type":"connection_init"}'],
  ['pings', () => `{"type":"ping","payload":{"n":"${'x'.repeat(1000)}${sent}"}}`],
  ['pongs', () => '{"type":"pong"}'],
  ['unknown types', () => `{"type":"unknown${sent}"}`],
  ['messages of a server', () => `{"id":"${sent}","type":"next","payload":{}}`],
  ['long ids', () => subscribe(`${sent}`.padEnd(1000, 'x'), '{ __typename }')],
];

function subscribe(id: string, query: string): string {
  return JSON.stringify({ id, type: 'subscribe', payload: { query } });
}

/** Sends all of it in one go, whatever is answered, and goes. */
async function flood(api: TestApi, message: () => string): Promise<void> {
  using client = await RawClient.openSocket(api.origin);
  client.send(frame('{"type":"connection_init"}'));
  await client.hears('connection_ack');
  const frames = Array.from({ length: perFlood }, () => {
    sent += 1;
    return frame(message());
  });
  client.send(Buffer.concat([...frames, frame('last', 0x89)]));
  // The answer to the last one, or the end before it.
  await Promise.race([client.hears('last'), client.closed]);
  client.socket.end();
  await client.closed;
}

test(
  'floods of messages of all kinds leave nothing behind, in memory or in the log',
  { timeout: 60_000 },
  async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const sockets = { maxMessagesPerSecond: 1_000_000, closeMs: 50 };
    await using api = await TestApi.start([forever], { workers: 0, logger, sockets });
    const round = async (): Promise<void> => {
      for (const [, message] of floods) await flood(api, message);
      await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), { timeout: 10_000 });
    };
    // What is kept of documents is full by then.
    for (let warm = 0; warm < 3; warm += 1) await round();
    const before = heldBytes();

    for (let rounds = 0; rounds < 5; rounds += 1) await round();

    expect(heldBytes() - before).toBeLessThan(10_000_000);
    expect(lines).toEqual([]);
    expect(await api.http('{ __typename }')).toEqual({ data: { __typename: 'Query' } });
  },
);
