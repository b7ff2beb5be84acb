import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import type { Task } from '../../src/tasks/task.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { registerSecret } from '../support/secrets.ts';
import { TestStore } from '../support/store.ts';
import { TestApi } from './test-api.ts';
import type { TestClient, Variables } from './test-client.ts';

/** Nobody but `run` may ever see one of these. */
function newSecret(): string {
  return registerSecret(`pass"word&${randomBytes(6).toString('hex')}`, { what: 'a secret of an input' });
}

/** Definitions that keep what their runs were given. */
function mailDefinitions() {
  const ran: { host: string; password: string; servers?: readonly object[] | null | undefined }[] = [];
  const syncMail = defineTask({
    name: 'syncMail',
    input: (t) => ({
      host: t.string({ required: true }),
      password: t.string({ required: true, secret: true }),
      pin: t.int({ secret: true }),
      servers: t.objectList('MailServer', (t) => ({
        url: t.field({ type: 'URL', required: true }),
        token: t.string({ secret: true }),
      })),
    }),
    output: (t) => ({
      host: t.string(),
      cookie: t.string({ secret: true }),
      pages: t.objectList('MailPage', (t) => ({ url: t.string(), grant: t.string({ secret: true }) })),
    }),
    async run(input, { log, progress }) {
      ran.push(input);
      log.info(`in as ${input.password}`, { given: input.password, url: encodeURIComponent(input.password) });
      await progress({ fraction: 0.5, message: `in as ${input.password}`, data: { given: input.password } });
      if (input.host === 'away') throw new Error(`${input.host} refuses ${JSON.stringify(input.password)}`);
      const pages = [{ url: 'inbox', grant: input.password }];
      return { host: input.host, cookie: input.password, pages };
    },
    retry: { attempts: 1 },
  });
  const outer = defineTask({
    name: 'outer',
    input: (t) => ({ password: t.string({ required: true, secret: true }) }),
    output: (t) => ({ isSame: t.boolean() }),
    async run({ password }, { enqueue }) {
      const child = await enqueue(syncMail, { host: 'a', password });
      return { isSame: (await child.result()).cookie === password };
    },
  });
  return { syncMail, outer, ran };
}

/** A log of everything. */
function wholeLog() {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { logger: pino({ level: 'trace' }, stream), text: () => text };
}

/** Nothing of the text is the secret, in whatever form. */
function expectClean(text: string, ...secrets: readonly string[]): void {
  for (const secret of secrets) {
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
      expect(text).not.toContain(form);
  }
}

const shown = `id name input
  ... on SyncMailTask { output { host cookie pages { url grant } } failure { message details }
    progress { message data } log(first: 10) { entries { message fields } } }`;

function workerOptions({ tests }: TestApi) {
  return { redis: tests.redis, concurrency: 5 };
}

async function finished(api: TestApi, id: string): Promise<Task> {
  return await api.tests.finished(id);
}

test('a secret of an input is shown to nobody, on whatever way, and its run gets it', async () => {
  const { logger, text } = wholeLog();
  const { syncMail, ran } = mailDefinitions();
  await using api = await TestApi.start([syncMail], { logger, workers: 0 });
  await using _worker = await startWorker({ ...workerOptions(api), definitions: [syncMail], logger });
  const [password, token] = [newSecret(), newSecret()];
  const input = {
    host: 'a',
    password,
    pin: 123_456,
    servers: [
      { url: 'https://a.example/', token },
      { url: 'https://b.example/', token: null },
    ],
  };
  const hidden = {
    host: 'a',
    password: '[secret]',
    pin: '[secret]',
    servers: [
      { url: 'https://a.example/', token: '[secret]' },
      { url: 'https://b.example/', token: null },
    ],
  };

  const enqueue = `mutation ($input: SyncMailInput!) { syncMail(input: $input) { task { ${shown} } } }`;
  const enqueued = await api.http(enqueue, { input });
  const { id } = enqueued.data.syncMail.task;
  await finished(api, id);
  const batch = `mutation ($inputs: [SyncMailInput!]!) { syncMailBatch(inputs: $inputs) { items { task { ${shown} } } } }`;
  const answers = [
    enqueued,
    await api.http(`query ($id: ID!) { task(id: $id) { ${shown} } }`, { id }),
    await api.http(`query ($id: ID!) { node(id: $id) { ... on Task { ${shown} } } }`, { id }),
    await api.http(`{ tasks(first: 5) { nodes { ${shown} } } }`),
    await api.http(batch, { inputs: [input] }),
    await api.overSocket(`query ($id: ID!) { task(id: $id) { ${shown} } }`, { id }),
    ...(await Array.fromAsync(
      api.sse(`subscription ($id: ID!) { taskUpdated(id: $id) { ${shown} } }`, { id }),
    )),
    ...(await Array.fromAsync(
      api.ws(`subscription ($id: ID!) { syncMailUpdated(id: $id) { ${shown} } }`, { id }),
    )),
    ...(await Array.fromAsync(
      api.ws(
        `subscription ($input: SyncMailInput!) { runSyncMail(input: $input, idempotencyKey: "k") { ${shown} } }`,
        { input },
      ),
    )),
  ];

  for (const answer of answers) {
    expect(answer.errors).toBeUndefined();
    expect(JSON.stringify(answer)).toContain(JSON.stringify(hidden).slice(1, -1));
    expectClean(JSON.stringify(answer), password, token, '123456');
  }
  expect(answers[1]?.data.task).toMatchObject({
    input: hidden,
    output: { host: 'a', cookie: null, pages: [{ url: 'inbox', grant: null }] },
    progress: { message: 'in as [secret]', data: { given: '[secret]' } },
    log: { entries: [{ message: 'in as [secret]', fields: { given: '[secret]', url: '[secret]' } }] },
  });
  expect(ran[0]).toEqual({
    ...input,
    servers: input.servers.map((server) => ({ ...server, url: new URL(server.url) })),
  });
  expect(text()).toContain('in as [secret]');
  expectClean(text(), password, token, '123456');
});

test('what a run throws is told and logged without what it was given', async () => {
  const { logger, text } = wholeLog();
  const { syncMail } = mailDefinitions();
  await using api = await TestApi.start([syncMail], { logger, workers: 0 });
  await using _worker = await startWorker({ ...workerOptions(api), definitions: [syncMail], logger });
  const password = newSecret();
  const { id } = await api.tests.tasks.enqueue(syncMail, { host: 'away', password });
  await finished(api, id);

  const { data } = await api.http(`query ($id: ID!) { task(id: $id) { ${shown} } }`, { id });

  expect(data.task.failure).toEqual({ message: 'away refuses "[secret]"', details: null });
  expectClean(JSON.stringify(data), password);
  expect(text()).toContain('run failed');
  expectClean(text(), password);
});

test('a parent gets the output of its child with what is secret in it', async () => {
  const { syncMail, outer } = mailDefinitions();
  await using api = await TestApi.start([syncMail, outer]);
  const { id } = await api.tests.tasks.enqueue(outer, { password: newSecret() });

  expect(await finished(api, id)).toMatchObject({ status: 'SUCCEEDED', output: { isSame: true } });
});

test('an API that does not know the definition hides its secrets all the same', async () => {
  const { syncMail, ran } = mailDefinitions();
  await using api = await TestApi.start([syncMail]);
  const password = newSecret();
  const { id } = await api.tests.tasks.enqueue(syncMail, { host: 'a', password });
  await finished(api, id);
  const schedule = await api.tests.tasks.schedules.create(syncMail, {
    every: '1h',
    input: { host: 'a', password },
  });
  await using other = await TestApi.start([], { redis: api.tests.redis, workers: 0 });

  const { data } = await other.http(
    `query ($id: ID!, $schedule: ID!) {
      task(id: $id) { __typename input ... on UntypedTask { output } }
      schedule(id: $schedule) { input }
    }`,
    { id, schedule: schedule.id },
  );

  expect(data).toEqual({
    task: {
      __typename: 'UntypedTask',
      input: { host: 'a', password: '[secret]' },
      output: { host: 'a', cookie: '[secret]', pages: [{ url: 'inbox', grant: '[secret]' }] },
    },
    schedule: { input: { host: 'a', password: '[secret]' } },
  });
  expect(ran).toHaveLength(1);
});

test('a replay runs with the secrets of its original, also where its input was edited around them', async () => {
  const { syncMail, ran } = mailDefinitions();
  await using api = await TestApi.start([syncMail]);
  const [password, first, second, fresh] = [newSecret(), newSecret(), newSecret(), newSecret()];
  const servers = [
    { url: 'https://a.example/', token: first },
    { url: 'https://b.example/', token: second },
  ];
  const { id } = await api.tests.tasks.enqueue(syncMail, { host: 'a', password, servers });
  await finished(api, id);
  const replay = async (input?: Variables) => {
    const query =
      'mutation ($id: ID!, $input: JSON) { replayTask(id: $id, input: $input) { task { id input } } }';
    const answer = await api.http(query, { id, ...(input === undefined ? {} : { input }) });
    expectClean(JSON.stringify(answer), password, first, second, fresh);
    if (answer.errors !== undefined) return answer.errors[0]?.extensions?.['issues'];
    await finished(api, answer.data.replayTask.task.id);
    return JSON.parse(JSON.stringify(ran.at(-1)));
  };

  expect(await replay()).toEqual({ host: 'a', password, servers });
  expect(await replay({ host: 'b', password: '[secret]' })).toEqual({ host: 'b', password });
  expect(await replay({ host: 'b', password: fresh })).toEqual({ host: 'b', password: fresh });
  // One has gone and one is new: the other keeps its own.
  const [, b] = servers;
  expect(
    await replay({
      host: 'a',
      password: '[secret]',
      servers: [
        { url: 'https://b.example/', token: '[secret]' },
        { url: 'https://c.example/', token: fresh },
      ],
    }),
  ).toEqual({ host: 'a', password, servers: [b, { url: 'https://c.example/', token: fresh }] });
  // In its place, with another address.
  expect(
    await replay({
      host: 'a',
      password: '[secret]',
      servers: [
        { url: 'https://new.example/', token: '[secret]' },
        { url: 'https://b.example/', token: '[secret]' },
      ],
    }),
  ).toEqual({ host: 'a', password, servers: [{ url: 'https://new.example/', token: first }, b] });
  // The first has the address of the second by now, which keeps its own.
  expect(
    await replay({
      host: 'a',
      password: '[secret]',
      servers: [
        { url: 'https://b.example/', token: '[secret]' },
        { url: 'https://b.example/', token: '[secret]' },
      ],
    }),
  ).toEqual({ host: 'a', password, servers: [{ url: 'https://b.example/', token: first }, b] });
  // Nobody knows whose this would be.
  expect(
    await replay({
      host: 'a',
      password: '[secret]',
      servers: [{ url: 'https://c.example/', token: '[secret]' }],
    }),
  ).toEqual([
    {
      path: ['input', 'servers', 0, 'token'],
      message: 'Expected the value itself, as there is none that "[secret]" could stand for.',
    },
  ]);
});

test('a schedule hides its secrets, keeps them when its input is edited, and its tasks get them', async () => {
  const { syncMail, ran } = mailDefinitions();
  await using api = await TestApi.start([syncMail]);
  const password = newSecret();
  const create = `mutation ($input: JSON) {
    createSchedule(definition: "syncMail", schedule: { every: "1h" }, input: $input) { schedule { id input } } }`;
  const created = await api.http(create, { input: { host: 'a', password } });
  const { id } = created.data.createSchedule.schedule;
  const update = `mutation ($id: ID!, $input: JSON) {
    updateSchedule(id: $id, input: $input) { schedule { input } } }`;
  const updated = await api.http(update, { id, input: { host: 'b', password: '[secret]' } });
  const refused = await api.http(update, { id, input: { host: 'b', password: '[secret]', pin: '[secret]' } });
  const run = 'mutation ($id: ID!) { runScheduleNow(id: $id) { task { id input } } }';
  const ranNow = await api.http(run, { id });
  await finished(api, ranNow.data.runScheduleNow.task.id);
  const listed = await api.http('{ schedules(first: 5) { nodes { input lastTask { input } } } }');

  expect(created.data.createSchedule.schedule.input).toEqual({ host: 'a', password: '[secret]' });
  expect(updated.data.updateSchedule.schedule.input).toEqual({ host: 'b', password: '[secret]' });
  expect(refused.errors?.[0]?.extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: [{ path: ['input', 'pin'] }],
  });
  expect(listed.data.schedules.nodes).toEqual([
    { input: { host: 'b', password: '[secret]' }, lastTask: { input: { host: 'b', password: '[secret]' } } },
  ]);
  expectClean(JSON.stringify([created, updated, refused, ranNow, listed]), password);
  expect(ran).toEqual([{ host: 'b', password }]);
});

test('no error repeats a secret, whether it came in the document, in the variables or beside a mistake', async () => {
  const { logger, text } = wholeLog();
  const { syncMail } = mailDefinitions();
  await using api = await TestApi.start([syncMail], { logger, workers: 0 });
  const secret = 'hunter2hunter2';
  const byVariable = 'mutation ($input: SyncMailInput!) { syncMail(input: $input) { task { id } } }';
  const inputs: unknown[] = [
    secret,
    { password: [secret] },
    { host: 'a', password: { [secret]: secret } },
    { host: 'a', password: secret, pin: secret },
    { password: secret },
    { host: 'a', passwort: secret },
    { host: 'a', password: secret, servers: [secret] },
    { host: 'a', password: secret, servers: [{ url: 'no', token: secret }] },
    { host: 'a', password: secret, servers: { token: secret } },
  ];
  const literals = [
    `"${secret}"`,
    `{ password: ["${secret}"] }`,
    `{ host: 1, password: "${secret}" }`,
    `{ host: "a", password: "${secret}", pin: "${secret}" }`,
    `{ password: "${secret}" }`,
    `{ host: "a", passwort: "${secret}" }`,
    `{ host: "a", password: "${secret}", servers: ["${secret}"] }`,
    `{ host: "a", password: "${secret}", servers: [{ token: "${secret}" }] }`,
    `{ host: "a", password: ${secret} }`,
    `{ host: "a" password "${secret}" }`,
    `{ host: "a", password: """${secret}""" "${secret}" }`,
  ];

  const answersOf = async (client: TestClient, query: string, variables: Variables) => [
    await client.http(query, variables),
    await client.overSocket(query, variables),
  ];
  const answers = [
    ...(await Promise.all(inputs.map(async (input) => await answersOf(api, byVariable, { input })))),
    ...(await Promise.all(
      literals.map(
        async (literal) =>
          await answersOf(api, `mutation { syncMail(input: ${literal}) { task { id } } }`, {}),
      ),
    )),
    [
      await api.http(
        'mutation ($inputs: [SyncMailInput!]!) { syncMailBatch(inputs: $inputs) { items { index } } }',
        { inputs },
      ),
    ],
  ].flat();

  for (const answer of answers) {
    expect(answer.errors).toHaveLength(1);
    expectClean(JSON.stringify(answer), secret);
  }
  expectClean(text(), secret);
});

test('a body that is not JSON is not repeated', async () => {
  const { logger, text } = wholeLog();
  await using api = await TestApi.start([mailDefinitions().syncMail], { logger, workers: 0 });

  const response = await api.post('{"query":"{ __typename }","variables":{"password": hunter2hunter2');

  expect(response.status).toBe(400);
  expectClean(await response.text(), 'hunter2hunter2');
  expectClean(text(), 'hunter2hunter2');
});

test('the key of a limit that is made of a secret is kept as a hash, and any other one as it is', async () => {
  const limited = defineTask({
    name: 'limited',
    input: (t) => ({
      tenant: t.string({ required: true }),
      password: t.string({ secret: true }),
    }),
    limit: { concurrency: 1, key: ({ tenant, password }) => (password ? `${tenant} ${password}` : tenant) },
    debounce: { key: ({ tenant, password }) => `${tenant} ${password}`, wait: '1ms' },
    run() {},
  });
  await using api = await TestApi.start([limited]);
  await using store = new TestStore(api.tests.redis, 'default');
  const password = newSecret();
  const states = await Promise.all(
    [{ tenant: 'acme', password }, { tenant: 'acme' }].map(
      async (input) => await api.tests.tasks.enqueue(limited, input),
    ),
  );

  expect(states.map(({ limitKey }) => limitKey)).toEqual([expect.stringMatching(/^[\w-]{43}$/), 'acme']);
  const keys = await store.redis.keys(`${store.root}*`);
  expect(keys.length).toBeGreaterThan(0);
  expectClean(keys.join('\n'), password);
});
