import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Scope } from '../../src/auth/viewer.ts';
import { accessOf } from '../../src/graphql/access.ts';
import { buildSchema } from '../../src/graphql/schema.ts';
import { defineTask } from '../../src/index.ts';
import { double } from '../support/definitions.ts';
import { idPlaces, operationOf, rootFields } from '../support/generated-operations.ts';
import { freshSettings, sharedStores } from '../support/stores.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { type Result, TestClient } from './test-client.ts';

/** Says much: a child, a log, a stream, an output. */
const chatty = defineTask({
  name: 'chatty',
  output: (t) => ({ said: t.string() }),
  async run(_, { enqueue, log, stream }) {
    log.info('a line of ann');
    await stream('words').write('a word of ann');
    const child = await enqueue(double, { n: 1 });
    await child.result();
    return { said: 'hello' };
  },
});

const definitions = [double, chatty];
const users: readonly Scope[] = ['tasks:read', 'tasks:write', 'queues:manage', 'schema:read'];
const tokens = new TestTokens();
const settings = freshSettings();
const clients: TestClient[] = [];

let api: TestApi;
let ann: TestClient;
let bob: TestClient;
let redis: Redis;
/** What ann has, by its kind; bob tries all of it. */
let foreign: Readonly<Record<string, string>>;

beforeAll(async () => {
  // The operations select all there is, so that a leak is seen wherever it shows.
  const operations = { fields: 10_000, cost: 1_000_000, depth: 100 };
  api = await TestApi.start(definitions, { authenticator: tokens, redis: settings, operations });
  redis = new Redis(settings.url);
  const signedIn = (owner: string) => {
    const client = new TestClient(api.origin, tokens.make(owner, undefined, users));
    clients.push(client);
    return client;
  };
  ann = signedIn('ann');
  bob = signedIn('bob');
  foreign = await things(ann);
});
afterAll(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]();
  redis.disconnect();
  await api[Symbol.asyncDispose]();
});

/** Makes one of each kind that has an id: all of it has ended, or waits for long. */
async function things(client: TestClient): Promise<Record<string, string>> {
  const { data } = await client.http(`mutation {
    done: chatty { task { id } }
    waiting: double(input: { n: 1 }, options: { delay: "1h", tags: ["secret"] }) { task { id } }
    doubleBatch(inputs: [{ n: 1 }, { n: 2 }], options: { delay: "1h" }) { batch { id } }
    createSchedule(definition: "double", schedule: { every: "1h" }, input: { n: 1 }) { schedule { id } }
  }`);
  const task: string = data.done.task.id;
  await api.tests.finished(task);
  const children = await api.tests.tasks.list({ filter: { parents: [task] }, direction: 'ASC', limit: 1 });
  return {
    task,
    waiting: data.waiting.task.id,
    child: children.tasks[0]?.task.id ?? '',
    batch: data.doubleBatch.batch.id,
    schedule: data.createSchedule.schedule.id,
  };
}

const sockets = new Map<TestClient, ReturnType<TestClient['socket']>>();

/** One for all that a client asks. */
function socketOf(client: TestClient) {
  const socket = sockets.get(client) ?? client.socket();
  sockets.set(client, socket);
  return socket;
}

/** An id of the same form that nothing has. */
function missing(id: string): string {
  return `${id.slice(0, -10)}0000000000`;
}

/** The first answer, over HTTP or a WebSocket, with each id as the same word. */
async function answer(
  client: TestClient,
  way: 'http' | 'socket',
  root: (typeof fields)[number]['root'],
  place: readonly string[],
  id: string,
): Promise<unknown> {
  // One of two that `rescheduleTask` has to be given.
  const delay = root.field.args.some(({ name }) => name === 'delay')
    ? [{ place: ['delay'], value: '1h' }]
    : [];
  const { query, variables } = operationOf(root, [{ place, value: id }, ...delay]);
  const results =
    way === 'http'
      ? [await client.http(query, variables)]
      : await firstOf(client.ws(query, variables, socketOf(client)));
  return JSON.parse(JSON.stringify(results).replaceAll(id, 'ID'));
}

async function firstOf(results: AsyncGenerator<Result>): Promise<Result[]> {
  for await (const result of results) return [result];
  return [];
}

// To `admin` nothing is foreign.
const roots = rootFields(buildSchema(definitions)).filter(({ field }) => accessOf(field)?.scope !== 'admin');
const fields = roots.flatMap((root) =>
  idPlaces(root).map((place) => ({
    name: `${root.kind} ${root.field.name}(${place.join('.')})`,
    root,
    place,
  })),
);
const ways = fields.flatMap((field) =>
  field.root.kind === 'subscription'
    ? [{ ...field, way: 'socket' as const }]
    : [
        { ...field, way: 'http' as const },
        { ...field, way: 'socket' as const },
      ],
);

/** All that ann has, as the store has it. */
async function stateOf(): Promise<unknown> {
  const { tasks } = api.tests;
  const ids = Object.values(foreign);
  const schedules = await tasks.schedules.getMany(ids);
  const others = await Promise.all([
    tasks.getMany(ids),
    tasks.getBatch(foreign['batch'] ?? ''),
    tasks.count(),
  ]);
  // But for when it was read.
  return [schedules.map((schedule) => schedule && { ...schedule, readUs: 0 }), ...others];
}

test('the walk meets what takes an id', () => {
  expect(fields.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'query node(id)',
      'query nodes(ids)',
      'query tasks(filter.parents)',
      'subscription tasksUpdated(filter.batches)',
      'subscription doubleUpdated(id)',
      'mutation cancelTasks(filter.schedules)',
      'mutation runScheduleNow(id)',
    ]),
  );
});

describe.each(ways)('$name over $way', ({ root, place, way }) => {
  test("answers another owner's id like one that is not there, and changes nothing", async () => {
    const before = await stateOf();
    for (const [kind, id] of Object.entries(foreign)) {
      const told = await answer(bob, way, root, place, id);

      expect([kind, told]).toEqual([kind, await answer(bob, way, root, place, missing(id))]);
      expect(JSON.stringify(told)).not.toMatch(/ann|secret|FORBIDDEN|INTERNAL|TOO_|FAILED/);
    }
    expect(await stateOf()).toEqual(before);
  });
});

describe.skipIf(sharedStores.length < 2)('the store', () => {
  const heard: string[] = [];

  beforeAll(async () => {
    // Bare, as ioredis fails where the first lines come together with the answer.
    const { hostname, port } = new URL(settings.url);
    const monitor = connect(Number(port), hostname);
    monitor.write('MONITOR\r\n');
    const lines = createInterface(monitor);
    lines.on('line', (line) => {
      // What a script does in turn is no call of ours; and what was tried is written down whenever there is time.
      if (!line.includes('[0 lua]') && !line.includes(':audit"')) heard.push(line);
    });
    await once(lines, 'line');
    return () => monitor.destroy();
  });

  /** How often the store is asked for an id. */
  async function callsFor(id: string, { root, place }: (typeof fields)[number]): Promise<number> {
    heard.length = 0;
    await answer(bob, root.kind === 'subscription' ? 'socket' : 'http', root, place, id);
    const end = `end of ${id}`;
    await redis.echo(end);
    await vi.waitFor(() => expect(heard.some((line) => line.includes(end))).toBe(true));
    return heard.filter((line) => line.includes(id) && !line.includes(end)).length;
  }

  test.each(fields)(
    "is asked as often for another owner's id as for one that is not there: $name",
    async (field) => {
      // A script is loaded where it is first called.
      for (const id of Object.values(foreign)) await callsFor(missing(id), field);
      for (const id of Object.values(foreign)) {
        expect(await callsFor(id, field)).toBe(await callsFor(missing(id), field));
      }
    },
  );
});

test('their owner finds all of these by the same operations', async () => {
  for (const kind of ['task', 'waiting', 'child', 'batch', 'schedule']) {
    const { data } = await ann.http('query ($id: ID!) { node(id: $id) { id } }', { id: foreign[kind] });
    expect(data.node).toEqual({ id: foreign[kind] });
  }
});
