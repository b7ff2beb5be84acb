import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { double, forever } from '../support/definitions.ts';
import { RedisServer } from '../support/redis-server.ts';
import { redisServerPath } from '../support/stores.ts';
import { RunningTask } from './running-task.ts';
import { TestApi } from './test-api.ts';

const waiting = { timeout: 10_000 };

const query = 'subscription ($id: ID!) { taskUpdated(id: $id) { version status progress { data } } }';

/** A reader that can stop to read, and what it has received so far. */
interface Reader {
  readonly text: () => string;
  pause(): void;
  resume(): void;
  close(): void;
}

const readers = {
  async websocket(api: TestApi, id: string): Promise<Reader> {
    let text = '';
    const socket = new WebSocket(api.socketUrl, ['graphql-transport-ws']);
    await once(socket, 'open');
    socket.on('message', (message: Buffer) => (text += message.toString()));
    socket.send(JSON.stringify({ type: 'connection_init' }));
    await once(socket, 'message');
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables: { id } } }));
    return {
      text: () => text,
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close: () => socket.terminate(),
    };
  },
  async sse(api: TestApi, id: string): Promise<Reader> {
    let text = '';
    const asked = openSse(api, id);
    const [response]: IncomingMessage[] = await once(asked, 'response');
    response?.on('data', (chunk) => (text += String(chunk)));
    return {
      text: () => text,
      pause: () => response?.pause(),
      resume: () => response?.resume(),
      close: () => asked.destroy(),
    };
  },
};

test.each(['websocket', 'sse'] as const)(
  'a slow reader over %s skips states, and gets the last',
  async (transport) => {
    await using api = await TestApi.start([forever], { workers: 0 });
    await using task = await RunningTask.start(api);
    const reader = await readers[transport](api, task.id);
    await vi.waitFor(() => expect(reader.text()).toContain('RUNNING'), waiting);

    reader.pause();
    // 20 MB, of which the buffers of two sockets hold some. One by one, so that a quick reader would get each.
    const updates = 5000;
    for (let update = 0; update < updates; update += 1) await task.tell(4000);
    await task.succeed();
    reader.resume();
    await vi.waitFor(() => expect(reader.text()).toContain('complete'), waiting);

    const versions = [...reader.text().matchAll(/"version":(\d+)/g)].map(([, version]) => Number(version));
    expect(versions.length).toBeLessThan(updates * 0.75);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(reader.text().lastIndexOf('SUCCEEDED')).toBeGreaterThan(reader.text().lastIndexOf('RUNNING'));
    reader.close();
  },
);

test.runIf(redisServerPath)(
  'a client that leaves before the first state leaves no watch behind',
  async () => {
    await using redis = await RedisServer.start(redisServerPath ?? '');
    await using api = await TestApi.start([double], { redis: { url: redis.url }, workers: 0 });
    const task = await api.tests.enqueueWhenReady(double, { n: 1 });

    redis.signal('SIGSTOP');
    const asked = openSse(api, task.id);
    await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(1), waiting);
    asked.destroy();
    redis.signal('SIGCONT');

    await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0), waiting);
  },
);

function openSse(api: TestApi, id: string): ClientRequest {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
  const asked = request(api.url, { method: 'POST', headers });
  asked.on('error', () => {});
  asked.end(JSON.stringify({ query, variables: { id } }));
  return asked;
}
