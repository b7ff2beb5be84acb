import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { forever } from '../support/definitions.ts';
import { frame, post, RawClient } from './raw-client.ts';
import { RunningTask } from './running-task.ts';
import { TestApi } from './test-api.ts';
import { heldBytes } from '../support/memory.ts';

/** `npm run bench -- --only readers` has 200 of them, in processes of their own: the kernel keeps 4 MB for each. */
const readerCount = 45;

const query = 'subscription ($id: ID!) { taskUpdated(id: $id) { progress { current data } } }';

/** Ends of connections in this process: both of each. */
function ends(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

/** One that subscribes, and reads no more once it has been told the first state. */
async function deadReader(api: TestApi, id: string, kind: number): Promise<RawClient> {
  const payload = { query, variables: { id } };
  if (kind === 0) {
    const client = await RawClient.open(api.origin);
    client.send(post(JSON.stringify(payload), { accept: 'text/event-stream' }));
    await client.hears('event: next');
    client.socket.pause();
    return client;
  }
  const client = await RawClient.openSocket(api.origin);
  client.send(frame('{"type":"connection_init"}'));
  await client.hears('connection_ack');
  client.send(frame(JSON.stringify({ id: '1', type: 'subscribe', payload })));
  await client.hears('"next"');
  client.socket.pause();
  return client;
}

/** A subscriber that reads: what it was told, and when. */
async function healthyReader(api: TestApi, id: string) {
  const socket = new WebSocket(api.socketUrl, ['graphql-transport-ws']);
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  const heard: number[] = [];
  socket.on('message', (text: Buffer) => {
    const { progress } = JSON.parse(text.toString()).payload.data.taskUpdated;
    if (progress !== null) heard.push(progress.current);
  });
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables: { id } } }));
  await once(socket, 'message');
  return {
    heard,
    async hears(state: number): Promise<void> {
      while ((heard.at(-1) ?? 0) < state) await once(socket, 'message');
    },
    close: () => socket.terminate(),
  };
}

/** What nine in ten stay below: the slowest ones are those of the machine, beside other tests. */
function p90(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.9)] ?? NaN;
}

test(
  'who reads nothing, whether or not it answers pings, is cut off, takes no memory and holds up nobody',
  { timeout: 60_000 },
  async () => {
    const sockets = { pingMs: 1000, blockedMs: 1000, closeMs: 200 };
    await using api = await TestApi.start([forever], { workers: 0, sockets });
    await using task = await RunningTask.start(api);
    const { id } = task;
    const healthy = await healthyReader(api, id);
    /** Tells a state of 100 KB; gives after how many ms the healthy one had it. */
    const tell = async (): Promise<number> => {
      const begin = performance.now();
      await task.tell();
      await healthy.hears(task.told);
      return performance.now() - begin;
    };
    for (let warm = 0; warm < 30; warm += 1) await tell();
    const usual: number[] = [];
    while (usual.length < 200) usual.push(await tell());
    const readers = await Promise.all(
      Array.from({ length: readerCount }, (_, n) => deadReader(api, id, n % 3)),
    );
    const open = ends();
    const pongs = setInterval(() => {
      for (const [n, { socket }] of readers.entries()) if (n % 3 === 1) socket.write(frame('', 0x8a));
    }, 100);
    const before = heldBytes();

    const begin = performance.now();
    const beside: number[] = [];
    let most = 0;
    // Until the server has closed its end of each.
    while (ends() > open - readerCount) {
      beside.push(await tell());
      if (beside.length % 50 === 0) most = Math.max(most, heldBytes() - before);
      if (performance.now() - begin > 30_000) break;
    }
    clearInterval(pongs);

    expect(ends()).toBeLessThanOrEqual(open - readerCount);
    // A line holds 1 MiB at most. What each was told meanwhile is more than thirty times as much.
    expect(most).toBeLessThan(readerCount * 1_000_000);
    // Each state, in order: no gap.
    expect(healthy.heard).toEqual(Array.from({ length: task.told }, (_, n) => n + 1));
    // Twice, and what other tests on the machine take.
    expect(p90(beside)).toBeLessThan(2 * p90(usual) + 50);
    healthy.close();
    for (const reader of readers) reader.socket.destroy();
  },
);
