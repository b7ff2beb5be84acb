import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { openAuthenticator } from '../../src/auth/authenticator.ts';
import { defineTask } from '../../src/index.ts';
import { createServer } from '../../src/server/server.ts';
import { connectTasks } from '../../src/tasks/tasks.ts';
import { forever, Gate } from '../support/definitions.ts';
import { testLogger } from '../support/stores.ts';
import { counting, joined, numbers } from '../support/streaming.ts';
import { TestApi } from './test-api.ts';
import { type Result, TestClient } from './test-client.ts';

const patient = { timeout: 30_000 };

const streamQuery = `subscription ($id: ID!, $after: Int) {
  taskStreamAppended(id: $id, name: "numbers", after: $after) { chunks dropped lastIndex }
}`;

/** The text of all results of a subscription to `numbers`. */
function textOf(results: readonly Result[]): string {
  return joined(results.map(({ data }) => data.taskStreamAppended));
}

test.each(['ws', 'sse'] as const)('a stream is followed over %s', patient, async (transport) => {
  await using api = await TestApi.start([counting(1_000)]);
  const { data } = await api.http('mutation { counting { task { id } } }');

  const results = await Array.fromAsync(api[transport](streamQuery, { id: data.counting.task.id }));

  expect(textOf(results)).toBe(numbers(0, 1_000));
  expect(results.length).toBeLessThan(100);
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0));
});

test.each(['ws', 'sse'] as const)(
  'a client goes on over %s at another API when its own closes',
  patient,
  async (transport) => {
    const task = counting(2_000);
    await using api = await TestApi.start([task]);
    await using tasks = await connectTasks({
      redis: api.tests.redis,
      definitions: [task],
      logger: testLogger,
    });
    const other = createServer({ tasks, authenticator: openAuthenticator, logger: testLogger });
    const { url } = await other.listen(0);
    await using client = new TestClient(url);
    const { data } = await client.http('mutation { counting { task { id } } }');
    const { id } = data.counting.task;
    const results: Result[] = [];
    const follow = async (): Promise<void> => {
      for await (const result of client[transport](streamQuery, { id })) {
        results.push(result);
        if (result.data.taskStreamAppended.lastIndex > 400) void other.close();
      }
    };
    await expect(follow()).rejects.toBeDefined();
    const after = results.at(-1)?.data.taskStreamAppended.lastIndex;
    expect(after).toBeLessThan(1_900);

    results.push(...(await Array.fromAsync(api[transport](streamQuery, { id, after }))));

    expect(textOf(results)).toBe(numbers(0, 2_000));
    await other.close();
  },
);

test('a status comes as soon as ever on the socket that a stream comes over', patient, async () => {
  const gate = new Gate();
  await using api = await TestApi.start([counting(1_500, gate)]);
  const { data } = await api.http('mutation { counting { task { id } } }');
  const { id } = data.counting.task;
  const client = api.socket();
  const stream = Array.fromAsync(api.ws(streamQuery, { id }, client));
  const query = 'subscription ($id: ID!) { taskUpdated(id: $id) { status progress { current } } }';
  const states: { status: string; progress: { current: number } | null }[] = [];
  for await (const { data } of api.ws(query, { id }, client)) {
    states.push(data.taskUpdated);
    if (data.taskUpdated.progress?.current === 1_500) gate.open();
  }

  // Told every hundred chunks, which is ten times a second: hardly one is skipped.
  const told = new Set(states.map(({ progress }) => progress?.current));
  expect(told.size).toBeGreaterThan(10);
  expect(states.at(-1)?.status).toBe('SUCCEEDED');
  expect(textOf(await stream)).toBe(numbers(0, 1_500));
});

test('a socket whose reader was slow gets all of its streams whole', patient, async () => {
  const streams = 8;
  const large = defineTask({
    name: 'large',
    async run(_input, { stream }) {
      for (let index = 0; index < 40; index += 1) {
        for (let number = 0; number < streams; number += 1)
          await stream(`s${number}`).write(`${index} ${'x'.repeat(10_000)}`);
      }
    },
  });
  await using api = await TestApi.start([large]);
  const { id } = await api.tests.tasks.enqueue(large, {});
  await api.tests.finished(id);
  const socket = new WebSocket(api.socketUrl, ['graphql-transport-ws']);
  const closed = once(socket, 'close');
  const texts = new Map<string, string>();
  const completed = new Set<string>();
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { id: string; type: string; payload?: Result };
    if (message.type === 'complete') completed.add(message.id);
    const text: string = message.payload?.data?.taskStreamAppended.text ?? '';
    texts.set(message.id, (texts.get(message.id) ?? '') + text);
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  socket.pause();
  // Each stream by several, as of several parts of a page: two megabytes at a time.
  const count = 4 * streams;
  for (let number = 0; number < count; number += 1) {
    const query = `subscription { taskStreamAppended(id: "${id}", name: "s${number % streams}") { text } }`;
    socket.send(JSON.stringify({ id: `${number}`, type: 'subscribe', payload: { query } }));
  }
  // As many follow as can; the task has ended, so that they need no channel for long.
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBeGreaterThan(1));
  socket.resume();

  const whole = vi.waitFor(() => expect(completed.size).toBe(count), { timeout: 15_000 });
  await Promise.race([whole, closed.then(([code]) => Promise.reject(new Error(`closed with ${code}`)))]);
  const expected = Array.from({ length: 40 }, (_, index) => `${index} ${'x'.repeat(10_000)}`).join('');
  for (let number = 0; number < count; number += 1) expect(texts.get(`${number}`) === expected).toBe(true);
  socket.terminate();
});

test('a log is followed and read, from a level and an index on', async () => {
  const gate = new Gate();
  const said = defineTask({
    name: 'said',
    async run(_input, { log, stream }) {
      log.info('first', { n: 1 });
      log.debug('second');
      log.error('third');
      await stream('tokens').write('a');
      await stream('tokens').write('b');
      await gate.opened;
      log.warn('last');
    },
  });
  await using api = await TestApi.start([said]);
  const { data } = await api.http('mutation { said { task { id } } }');
  const { id } = data.said.task;
  const query = `subscription ($id: ID!, $after: Int, $level: TaskLogLevel) {
    taskLogAppended(id: $id, after: $after, level: $level) {
      entries { index at level attempt message fields } dropped lastIndex hasMore
    }
  }`;
  const followed = [];
  for await (const { data } of api.ws(query, { id, level: 'INFO' })) {
    followed.push(...data.taskLogAppended.entries);
    if (data.taskLogAppended.lastIndex === 2) gate.open();
  }

  expect(followed).toEqual([
    { index: 0, at: expect.any(String), level: 'INFO', attempt: 1, message: 'first', fields: { n: 1 } },
    { index: 2, at: expect.any(String), level: 'ERROR', attempt: 1, message: 'third', fields: null },
    { index: 3, at: expect.any(String), level: 'WARN', attempt: 1, message: 'last', fields: null },
  ]);
  const late = await Array.fromAsync(api.sse(query, { id, after: 1 }));
  expect(late.map(({ data }) => data.taskLogAppended.lastIndex)).toEqual([3]);

  const read = await api.http(
    `query ($id: ID!) { task(id: $id) {
      streams
      log(first: 2, after: 0) { entries { message } lastIndex hasMore dropped }
      stream(name: "tokens", after: 0) { text chunks attempt lastIndex hasMore dropped }
      none: stream(name: "none") { text attempt lastIndex hasMore }
    } }`,
    { id },
  );
  expect(read.data.task).toEqual({
    streams: ['tokens'],
    log: { entries: [{ message: 'second' }, { message: 'third' }], lastIndex: 2, hasMore: true, dropped: 0 },
    stream: { text: 'b', chunks: ['b'], attempt: 1, lastIndex: 1, hasMore: false, dropped: 0 },
    none: { text: '', attempt: null, lastIndex: -1, hasMore: false },
  });
});

test('who watches a task is told of a stream with its first words, though nothing else changes', async () => {
  const [goOn, end] = [new Gate(), new Gate()];
  const task = defineTask({
    name: 'hesitant',
    async run(_input, { stream }) {
      await goOn.opened;
      await stream('answer').write('Well');
      await end.opened;
    },
  });
  await using api = await TestApi.start([task]);
  const { id } = await api.tests.tasks.enqueue(task, {});
  await api.tests.reached(id, ({ status }) => status === 'RUNNING');
  const told = [];
  for await (const { data } of api.ws('subscription ($id: ID!) { taskUpdated(id: $id) { status streams } }', {
    id,
  })) {
    const { status, streams } = data.taskUpdated;
    told.push([status, streams]);
    goOn.open();
    if (streams.length > 0) end.open();
  }

  expect(told).toEqual([
    ['RUNNING', []],
    ['RUNNING', ['answer']],
    ['SUCCEEDED', ['answer']],
  ]);
});

test('what cannot be followed or read is an error that says why', async () => {
  await using api = await TestApi.start([forever], { workers: 0 });
  const { data } = await api.http('mutation { forever { task { id } } }');
  const { id } = data.forever.task;
  const errorOf = async (query: string): Promise<unknown> =>
    (await api.overSocket(query)).errors?.[0]?.extensions;

  for (const field of ['taskLogAppended(id: "default_no")', 'taskStreamAppended(id: "no", name: "a")'])
    expect(await errorOf(`subscription { ${field} { lastIndex } }`)).toMatchObject({
      code: 'TASK_NOT_FOUND',
    });
  expect(
    await errorOf(`subscription { taskStreamAppended(id: "${id}", name: "A b") { lastIndex } }`),
  ).toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: [{ path: ['name'], message: expect.stringMatching(/^Expected .*, got 'A b'\.$/) }],
  });
  for (const first of [0, 1_001])
    expect(await errorOf(`{ task(id: "${id}") { log(first: ${first}) { lastIndex } } }`)).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['first'] }],
    });
  // A client knows at once that it is connected, and leaves without a trace.
  const following = api.ws(`subscription { taskLogAppended(id: "${id}") { entries { index } lastIndex } }`);
  expect((await following.next()).value?.data).toEqual({ taskLogAppended: { entries: [], lastIndex: -1 } });
  await following.return(undefined);
  await vi.waitFor(() => expect(api.tests.tasks.channels).toBe(0));
});
