import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { Gate } from '../support/definitions.ts';
import { freshSettings } from '../support/stores.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { TestClient } from './test-client.ts';

const gate = new Gate();
const gated = defineTask({ name: 'gated', run: () => gate.opened });
const tokens = new TestTokens();

let api: TestApi;
let admin: TestClient;

beforeAll(async () => {
  api = await TestApi.start([gated], {
    redis: freshSettings(),
    concurrency: 2,
    leaseMs: 1_500,
    authenticator: tokens,
  });
  admin = new TestClient(api.origin, tokens.make('root'));
});

afterAll(async () => {
  gate.open();
  await api[Symbol.asyncDispose]();
});

/** The answer's data, of a request that must not fail. */
async function ask(query: string, variables?: Record<string, unknown>, client = admin) {
  const { data, errors } = await client.http(query, variables);
  expect(errors).toBeUndefined();
  return data;
}

const idOfWorker = async (): Promise<string> => (await ask('{ workers { id } }')).workers[0].id;

test('all that is told of workers, with the tasks that they run, is asked for in one document', async () => {
  const { id } = (await ask('mutation { gated { task { id } } }')).gated.task;
  await api.tests.reached(id, ({ status }) => status === 'RUNNING');

  const { workers } = await ask(`{
    workers {
      id host pid version startedAt renewedAt isDraining drain { at reason actor } slots busy load memoryBytes
      queues { name slots busy } definitions
      runs(first: 10) { queue definition attempt startedAt task { id name status progress { fraction } } }
    }
  }`);

  const time = expect.stringMatching(/Z$/);
  expect(workers).toMatchObject([
    {
      id: api.tests.workers[0]?.id,
      pid: process.pid,
      startedAt: time,
      renewedAt: time,
      isDraining: false,
      drain: null,
      slots: 2,
      busy: 1,
      memoryBytes: expect.any(Number),
      queues: [{ name: 'default', slots: 2, busy: 1 }],
      definitions: ['gated'],
      runs: [
        {
          queue: 'default',
          definition: 'gated',
          attempt: 1,
          startedAt: time,
          task: { id, status: 'RUNNING' },
        },
      ],
    },
  ]);
});

test('who manages queues sees that a worker runs something, and not what of it is not theirs to read', async () => {
  const id = await idOfWorker();
  const one = `query ($id: ID!) { worker(id: $id) { id busy runs { definition task { id } } } }`;
  const [operator, reader, user] = [
    // The task is this one's own, which needs the right to read tasks all the same.
    new TestClient(api.origin, tokens.make('root', undefined, ['queues:manage'])),
    new TestClient(api.origin, tokens.make('op', undefined, ['queues:manage', 'tasks:read'])),
    new TestClient(api.origin, tokens.make('ann', undefined, ['tasks:read', 'tasks:write'])),
  ];

  for (const client of [operator, reader]) {
    const { worker } = await ask(one, { id }, client);
    expect(worker).toStrictEqual({ id, busy: 1, runs: [{ definition: 'gated', task: null }] });
  }
  for (const field of ['{ workers { id } }', 'mutation { drainWorker(id: "any") { worker { id } } }']) {
    expect((await user.http(field)).errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  }
  expect(await ask('{ worker(id: "nobody") { id } }')).toStrictEqual({ worker: null });
});

test('a worker is drained with a reason and resumed, which the audit tells', async () => {
  const id = await idOfWorker();
  const { drainWorker } = await ask(
    `mutation ($id: ID!) { drainWorker(id: $id, reason: "it swaps") {
      worker { id isDraining slots drain { at reason actor } }
    } }`,
    { id },
  );
  expect(drainWorker.worker).toStrictEqual({
    id,
    isDraining: true,
    slots: 2,
    drain: { at: expect.stringMatching(/Z$/), reason: 'it swaps', actor: 'root' },
  });
  const { resumeWorker } = await ask(
    'mutation ($id: ID!) { resumeWorker(id: $id) { worker { isDraining drain { at } } } }',
    { id },
  );
  expect(resumeWorker.worker).toStrictEqual({ isDraining: false, drain: null });

  const { auditEvents } = await ask(
    `{ auditEvents(filter: { actions: ["drainWorker", "resumeWorker"], actors: ["root"] }) {
      nodes { action target { kind id } outcome reason }
    } }`,
  );
  const target = { kind: 'WORKER', id };
  expect(auditEvents.nodes).toStrictEqual([
    { action: 'resumeWorker', target, outcome: 'OK', reason: null },
    { action: 'drainWorker', target, outcome: 'OK', reason: 'it swaps' },
  ]);
});

test.each(['drainWorker', 'resumeWorker'])(
  'a worker that is not there is an error with a code: %s',
  async (name) => {
    const { errors } = await admin.http(`mutation { ${name}(id: "nobody") { worker { id } } }`);

    expect(errors?.[0]?.extensions).toMatchObject({ code: 'WORKER_NOT_FOUND' });
  },
);

test('a subscription tells all workers as they are now, then what changes', async () => {
  const id = await idOfWorker();
  const gone = new AbortController();
  const updates = admin.sse(
    'subscription { workersUpdated { id isDraining runs { definition } } }',
    {},
    gone.signal,
  );
  const runs = [{ definition: 'gated' }];
  expect((await updates.next()).value).toStrictEqual({
    data: { workersUpdated: [{ id, isDraining: false, runs }] },
  });

  await ask('mutation ($id: ID!) { drainWorker(id: $id) { worker { id } } }', { id });

  for await (const { data } of updates) {
    if (data?.['workersUpdated'][0].isDraining === false) continue;
    expect(data?.['workersUpdated']).toStrictEqual([{ id, isDraining: true, runs }]);
    break;
  }
  gone.abort();
});
