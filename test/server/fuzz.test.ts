import { once } from 'node:events';
import pino from 'pino';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { forever } from '../support/definitions.ts';
import { type Attack, attacks } from './hostile-frames.ts';
import { frame, RawClient, upgrade } from './raw-client.ts';
import { TestApi } from './test-api.ts';
import { heldBytes } from '../support/memory.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_128);
const count = Number(process.env['FUZZ_COUNT'] ?? 1500);
const atOnce = 25;

async function run(api: TestApi, { saysInit, bytes, waits }: Attack): Promise<void> {
  using client = await RawClient.open(api.origin);
  client.send(
    Buffer.concat([Buffer.from(upgrade), ...(saysInit ? [frame('{"type":"connection_init"}')] : [])]),
  );
  if (waits) await client.hears('\r\n\r\n');
  client.send(bytes);
  // The server is in this process, and has its turns meanwhile.
  for (let turns = waits ? 10 : 0; turns > 0; turns -= 1)
    await new Promise((resolve) => setImmediate(resolve));
  client.socket.end();
  await client.closed;
}

/** A client that means no harm, before, beside and after all those that do. */
async function healthyClient(api: TestApi) {
  const socket = new WebSocket(api.socketUrl, ['graphql-transport-ws']);
  await once(socket, 'open');
  const said: string[] = [];
  socket.on('message', (text: Buffer) => said.push(text.toString()));
  socket.send(JSON.stringify({ type: 'connection_init' }));
  let asked = 0;
  return {
    socket,
    async isServed(): Promise<void> {
      asked += 1;
      const id = `healthy-${asked}`;
      socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query: '{ __typename }' } }));
      while (!said.includes(JSON.stringify({ id, type: 'complete' }))) await once(socket, 'message');
      expect(said).toContain(
        JSON.stringify({ id, type: 'next', payload: { data: { __typename: 'Query' } } }),
      );
      said.length = 0;
    },
  };
}

test(
  `the server takes no harm from ${count} clients that send broken frames (FUZZ_SEED=${seed})`,
  { timeout: 20_000 + count * 20 },
  async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    await using api = await TestApi.start([forever], { workers: 0, logger });
    const healthy = await healthyClient(api);
    const { socket } = healthy;
    await once(socket, 'message');
    await healthy.isServed();
    const all = attacks(seed, count);
    let before = 0;

    for (let from = 0; from < all.length; from += atOnce) {
      // What the first ones bring into memory.
      if (from === 250) before = heldBytes();
      await Promise.all(all.slice(from, from + atOnce).map((attack) => run(api, attack)));
      await healthy.isServed();
    }

    await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), { timeout: 10_000 });
    expect(lines).toEqual([]);
    expect(heldBytes() - before).toBeLessThan(Math.max(10_000_000, count * 5000));
    socket.terminate();
  },
);
