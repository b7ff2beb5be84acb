import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type WatchRight, watchRights } from '../../src/auth/viewer.ts';
import { accessOf } from '../../src/graphql/access.ts';
import { buildSchema } from '../../src/graphql/schema.ts';
import { defineTask } from '../../src/index.ts';
import { double } from '../support/definitions.ts';
import { idPlaces, operationOf, rootFields } from '../support/generated-operations.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { type Result, TestClient } from './test-client.ts';

/** Says much: a child, a log, a stream, an output. */
const chatty = defineTask({
  name: 'chatty',
  input: (t) => ({ word: t.string({ required: true }) }),
  output: (t) => ({ said: t.string() }),
  async run({ word }, { enqueue, log, stream }) {
    log.info(`logged ${word}`);
    await stream('words').write(`streamed ${word}`);
    const child = await enqueue(double, { n: 1 });
    await child.result();
    return { said: `put out ${word}` };
  },
});

const definitions = [chatty, double];
const tokens = new TestTokens();
const clients: TestClient[] = [];
let api: TestApi;
let ann: TestClient;

/** What ann has, by its kind. */
let things: Readonly<Record<string, string>>;
/** A token for the one of them that has ended, by its rights. */
const tokenOf = async (id: string, rights: readonly WatchRight[]): Promise<string> => {
  const { data } = await ann.http(
    `mutation ($id: ID!, $rights: [WatchRight!]) {
      createWatchToken(taskId: $id, rights: $rights) { watchToken { token } }
    }`,
    { id, rights },
  );
  return data.createWatchToken.watchToken.token;
};

function clientOf(token: string): TestClient {
  const client = new TestClient(api.origin, token);
  clients.push(client);
  return client;
}

beforeAll(async () => {
  // What is asked for below is all that there is.
  const operations = { depth: 20, fields: 2_000, cost: 100_000 };
  api = await TestApi.start(definitions, { authenticator: tokens, operations });
  ann = clientOf(tokens.make('ann'));
  const { data } = await ann.http(`mutation {
    done: chatty(input: { word: "secret" }, options: { tags: ["secret"] }) { task { id } }
    waiting: double(input: { n: 1 }, options: { delay: "1h" }) { task { id } }
    doubleBatch(inputs: [{ n: 1 }, { n: 2 }], options: { delay: "1h" }) { batch { id } items { task { id } } }
    createSchedule(definition: "double", schedule: { every: "1h" }, input: { n: 1 }) { schedule { id } }
  }`);
  const { done, waiting, doubleBatch, createSchedule } = data;
  await api.tests.finished(done.task.id);
  const ids = { id: done.task.id, schedule: createSchedule.schedule.id };
  const more = await ann.http(
    `mutation ($id: ID!, $schedule: ID!) {
      replayTask(id: $id, options: { tags: ["secret"] }) { task { id } }
      runScheduleNow(id: $schedule, options: { delay: "1h" }) { task { id } }
    }`,
    ids,
  );
  await api.tests.finished(more.data.replayTask.task.id);
  const filter = { parents: [ids.id] };
  const children = await api.tests.tasks.list({ filter, direction: 'ASC', limit: 1 });
  things = {
    done: ids.id,
    waiting: waiting.task.id,
    batch: doubleBatch.batch.id,
    item: doubleBatch.items[0].task.id,
    schedule: ids.schedule,
    scheduled: more.data.runScheduleNow.task.id,
    replay: more.data.replayTask.task.id,
    child: children.tasks[0]?.task.id ?? '',
  };
});
afterAll(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

const roots = rootFields(buildSchema(definitions));
const places = roots.flatMap((root) =>
  idPlaces(root).map(
    (place) => [`${root.kind} ${root.field.name}(${place.join('.')})`, root, place] as const,
  ),
);

/** An id of the same form that nothing has. */
function missing(id: string): string {
  return `${id.slice(0, -10)}0000000000`;
}

/** The first answer, with the id as the same word. */
async function answer(
  client: TestClient,
  root: (typeof roots)[number],
  place: readonly string[] = [],
  id = '',
): Promise<unknown> {
  const { query, variables } = operationOf(root, id === '' ? [] : [{ place, value: id }]);
  const result =
    root.kind === 'subscription'
      ? await firstOf(client.ws(query, variables))
      : await client.http(query, variables);
  return id === '' ? result : JSON.parse(JSON.stringify(result).replaceAll(id, 'ID'));
}

async function firstOf(results: AsyncGenerator<Result>): Promise<Result | undefined> {
  for await (const result of results) return result;
  return undefined;
}

describe('a watch token with all rights', () => {
  let browser: TestClient;
  beforeAll(async () => {
    browser = clientOf(await tokenOf(things['done'] ?? '', watchRights));
  });

  test.each(
    roots
      .filter(({ field }) => accessOf(field)?.watch.length === 0)
      .map((root) => [root.field.name, root] as const),
  )('is not for %s', async (_, root) => {
    expect(await answer(browser, root)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  });

  test.each(places)('is told of all else like of what is not there: %s', async (_, root, place) => {
    for (const [kind, id] of Object.entries(things)) {
      // Renewing it, say, takes no id; what it is for is another test's.
      if (kind === 'done') continue;
      const told = await answer(browser, root, place, id);
      expect([kind, told]).toEqual([kind, await answer(browser, root, place, missing(id))]);
    }
  });
});

const everything = `query ($id: ID!) {
  task(id: $id) {
    ...ofTask
    input tags parent { ...ofTask } batch { id } replayOf { ...ofTask } schedule { id } scheduledFor
    children(first: 10) { edges { node { ...ofTask } } totalCount { count } }
    attempts { number outcome worker failure { code details } } cancellation { reason actor } failure { details }
  }
}
fragment ofTask on Task { id status ... on ChattyTask { output { said } } ... on DoubleTask { output { n } } }`;

test.each(['done', 'item', 'scheduled', 'replay', 'child'])(
  'a watch token shows nothing of what its task belongs to, nor what it was told: %s',
  async (kind) => {
    const id = things[kind] ?? '';
    const browser = clientOf(await tokenOf(id, watchRights));

    const { data, errors } = await browser.http(everything, { id });

    expect(errors).toBeUndefined();
    expect(data.task).toMatchObject({ id, input: null, tags: [], parent: null, batch: null });
    expect(data.task).toMatchObject({ replayOf: null, schedule: null, scheduledFor: null });
    expect(data.task.children).toEqual({ edges: [], totalCount: { count: 0 } });
    const others = Object.values(things).filter((other) => other !== id);
    for (const other of others) expect(JSON.stringify(data)).not.toContain(other);
    for (const { worker } of data.task.attempts) expect(worker).toBe('');
  },
);

/** What may be asked of the task, and what of the answer may be there by which right. */
const asked: readonly (readonly [string, WatchRight, string])[] = [
  ['task(id: $id) { status }', 'STATUS', 'SUCCEEDED'],
  ['node(id: $id) { ... on Task { status } }', 'STATUS', 'SUCCEEDED'],
  ['task(id: $id) { ... on ChattyTask { output { said } } }', 'OUTPUT', 'put out secret'],
  ['task(id: $id) { stream(name: "words") { text } }', 'OUTPUT', 'streamed secret'],
  ['task(id: $id) { streams }', 'OUTPUT', 'words'],
  ['task(id: $id) { log { entries { message } } }', 'LOGS', 'logged secret'],
  ['taskUpdated(id: $id) { status }', 'STATUS', 'SUCCEEDED'],
  ['chattyUpdated(id: $id) { status }', 'STATUS', 'SUCCEEDED'],
  ['chattyUpdated(id: $id) { output { said } }', 'OUTPUT', 'put out secret'],
  ['taskStreamAppended(id: $id, name: "words") { text }', 'OUTPUT', 'streamed secret'],
  ['taskLogAppended(id: $id) { entries { message } }', 'LOGS', 'logged secret'],
  ['cancelTask(id: $id) { accepted task { status } }', 'CANCEL', '"accepted":false'],
];

test.each(asked)('%s needs the right %s', async (field, needed, shown) => {
  const id = things['done'] ?? '';
  const kind = field.startsWith('cancel')
    ? 'mutation'
    : /^\w+(Updated|Appended)/.test(field)
      ? 'subscription'
      : 'query';
  const ask = async (rights: readonly WatchRight[]) => {
    const client = clientOf(await tokenOf(id, rights));
    const query = `${kind} ($id: ID!) { ${field} }`;
    const result =
      kind === 'subscription' ? await firstOf(client.ws(query, { id })) : await client.http(query, { id });
    return JSON.stringify(result);
  };

  const others = watchRights.filter((right) => right !== needed);
  expect(await ask(needed === 'STATUS' ? ['STATUS'] : ['STATUS', needed])).toContain(shown);
  // Whoever sees anything of a task sees where it is.
  const without = needed === 'STATUS' ? shown : await ask(others);
  expect(without.includes(shown)).toBe(needed === 'STATUS');
  expect(without.includes('FORBIDDEN')).toBe(needed !== 'STATUS');
});

test('those who watch the same in the same words with other rights are not shown the same', async () => {
  const { data } = await ann.http(
    'mutation { double(input: { n: 21 }, options: { delay: "300ms" }) { task { id } } }',
  );
  const { id } = data.double.task;
  const query = 'subscription ($id: ID!) { doubleUpdated(id: $id) { status output { n } } }';
  const watch = async (rights: readonly WatchRight[]) =>
    await Array.fromAsync(clientOf(await tokenOf(id, rights)).ws(query, { id }));

  const [seeing, blind] = await Promise.all([watch(['STATUS', 'OUTPUT']), watch(['STATUS'])]);

  expect(seeing.at(-1)).toEqual({ data: { doubleUpdated: { status: 'SUCCEEDED', output: { n: 42 } } } });
  expect(blind.at(-1)).toMatchObject({
    data: { doubleUpdated: { status: 'SUCCEEDED', output: null } },
    errors: [{ path: ['doubleUpdated', 'output'], extensions: { code: 'FORBIDDEN' } }],
  });
  expect(JSON.stringify(blind)).not.toContain('42');
});
