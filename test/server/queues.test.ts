import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { double, Gate } from '../support/definitions.ts';
import { TestApi } from './test-api.ts';

const gate = new Gate();
const gated = defineTask({ name: 'gated', queue: 'gates', run: () => gate.opened });

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start([double, gated], { concurrency: 1 });
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

/** The answer's data, of a request that must not fail. */
async function ask(query: string, variables?: Record<string, unknown>) {
  const { data, errors } = await api.http(query, variables);
  expect(errors).toBeUndefined();
  return data;
}

const state = `name waiting running isPaused isDraining maxWaiting pause { at reason actor } drain { reason }
  pausedDefinitions { name pause { reason actor } } limits { definition isPerKey concurrency rate { count per burst } whenFull }`;

test('queues are listed by name, with what they hold', async () => {
  await ask('mutation { gated { task { id } } }');

  const { queues } = await ask(
    `{ queues { name counts { scheduled queued running succeeded } oldestWaitingSince oldestWaitingAge
      enqueuedPerMinute finishedPerMinute { total failed } workers { count slots busy } limits { concurrency } } }`,
  );

  expect(queues.map(({ name }: { name: string }) => name)).toEqual(['default', 'gates']);
  expect(queues[1]).toMatchObject({
    enqueuedPerMinute: 1,
    finishedPerMinute: { total: 0, failed: 0 },
    workers: { count: 1, slots: 1 },
    limits: [],
  });
  expect(await ask('{ queue(name: "nobody") { name } }')).toStrictEqual({ queue: null });
});

test('a queue and a definition are paused and resumed, with who and why', async () => {
  const paused = await ask(
    `mutation { pauseQueue(name: "default", reason: "for now") { queue { ${state} } } }`,
  );
  expect(paused.pauseQueue.queue).toMatchObject({
    isPaused: true,
    isDraining: false,
    pause: { at: expect.stringMatching(/Z$/), reason: 'for now', actor: 'anonymous' },
  });
  const one = await ask(
    `mutation { pauseDefinition(name: "double", reason: "broken") { queue { ${state} } } }`,
  );
  expect(one.pauseDefinition.queue.pausedDefinitions).toStrictEqual([
    { name: 'double', pause: { reason: 'broken', actor: 'anonymous' } },
  ]);
  const id = await api.enqueueDouble(1);
  const resumed = await ask(`mutation { resumeQueue(name: "default") { queue { ${state} } } }`);
  expect(resumed.resumeQueue.queue).toMatchObject({ isPaused: false, pause: null, waiting: 1 });

  const last = await ask(`mutation { resumeDefinition(name: "double") { queue { ${state} } } }`);

  expect(last.resumeDefinition.queue.pausedDefinitions).toEqual([]);
  expect(await api.tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
});

test('a queue that is drained refuses new tasks with a code, until it is resumed', async () => {
  const { drainQueue } = await ask(
    'mutation { drainQueue(name: "default") { queue { isDraining drain { actor } } } }',
  );
  expect(drainQueue.queue).toStrictEqual({ isDraining: true, drain: { actor: 'anonymous' } });
  const { errors } = await api.http('mutation { double(input: { n: 1 }) { task { id } } }');
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'QUEUE_DRAINING' });

  await ask('mutation { resumeQueue(name: "default") { queue { name } } }');

  await api.enqueueDouble(1);
});

test('a queue is limited by a mutation: what is left out stays, and null takes it away', async () => {
  const set = `mutation ($limit: QueueLimitInput, $maxWaiting: Int) {
    updateQueue(name: "default", limit: $limit, maxWaiting: $maxWaiting) { queue { ${state} } }
  }`;
  const limit = { concurrency: 5, rate: { count: 10, per: '1m' } };
  const { updateQueue } = await ask(set, { limit, maxWaiting: 100 });
  expect(updateQueue.queue).toMatchObject({
    maxWaiting: 100,
    limits: [
      {
        definition: null,
        isPerKey: false,
        concurrency: 5,
        rate: { count: 10, per: 'PT60S', burst: 10 },
        whenFull: 'WAIT',
      },
    ],
  });
  expect((await ask(set, { limit: null })).updateQueue.queue).toMatchObject({ maxWaiting: 100, limits: [] });
  expect((await ask(set, { maxWaiting: null })).updateQueue.queue).toMatchObject({ maxWaiting: null });

  const { errors } = await api.http(set, { limit: { rate: { count: 0, per: 'P1M' } } });

  expect(errors?.[0]?.extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: [{ path: ['limit', 'rate', 'per'] }],
  });
});

test('a purge counts first, and cancels then', async () => {
  await ask('mutation { pauseQueue(name: "default") { queue { name } } }');
  const id = await api.enqueueDouble(1);
  const purge = `mutation ($dryRun: Boolean) {
    purgeQueue(name: "default", dryRun: $dryRun, reason: "no use") { canceledCount leftCount queue { waiting } }
  }`;

  const dry = await ask(purge, { dryRun: true });
  const wet = await ask(purge);

  expect(dry.purgeQueue).toStrictEqual({ canceledCount: 0, leftCount: 1, queue: { waiting: 1 } });
  expect(wet.purgeQueue).toStrictEqual({ canceledCount: 1, leftCount: 0, queue: { waiting: 0 } });
  const { task } = await ask('query ($id: ID!) { task(id: $id) { status cancellation { reason actor } } }', {
    id,
  });
  expect(task).toStrictEqual({ status: 'CANCELED', cancellation: { reason: 'no use', actor: 'anonymous' } });
  await ask('mutation { resumeQueue(name: "default") { queue { name } } }');
});

test.each([
  'pauseQueue(name: "nobody") { queue { name } }',
  'resumeQueue(name: "nobody") { queue { name } }',
  'drainQueue(name: "nobody") { queue { name } }',
  'purgeQueue(name: "nobody") { canceledCount }',
  'updateQueue(name: "nobody", maxWaiting: 1) { queue { name } }',
])('a queue that nobody knows is an error with a code: %s', async (field) => {
  const { errors } = await api.http(`mutation { ${field} }`);

  expect(errors?.[0]?.extensions).toMatchObject({ code: 'QUEUE_NOT_FOUND' });
});

test('a subscription tells a queue as it is now, then each change', async () => {
  const gone = new AbortController();
  const updates = api.sse(
    'subscription { queueUpdated(name: "gates") { isPaused pause { reason } } }',
    {},
    gone.signal,
  );
  const first = await updates.next();
  expect(first.value).toStrictEqual({ data: { queueUpdated: { isPaused: false, pause: null } } });

  await ask('mutation { pauseQueue(name: "gates", reason: "watched") { queue { name } } }');

  const second = await updates.next();
  expect(second.value).toStrictEqual({
    data: { queueUpdated: { isPaused: true, pause: { reason: 'watched' } } },
  });
  gone.abort();
  await ask('mutation { resumeQueue(name: "gates") { queue { name } } }');
  const unknown = await api.overSocket('subscription { queueUpdated(name: "nobody") { name } }');
  expect(unknown.errors?.[0]?.extensions).toMatchObject({ code: 'QUEUE_NOT_FOUND' });
});

test('a subscription tells all queues as they are now, then those that change', async () => {
  const updates = api.ws('subscription { queuesUpdated { name pause { reason } } }');
  expect((await updates.next()).value).toStrictEqual({
    data: {
      queuesUpdated: [
        { name: 'default', pause: null },
        { name: 'gates', pause: null },
      ],
    },
  });

  await ask('mutation { pauseQueue(name: "gates", reason: "watched") { queue { name } } }');

  expect((await updates.next()).value).toStrictEqual({
    data: { queuesUpdated: [{ name: 'gates', pause: { reason: 'watched' } }] },
  });
  await updates.return(undefined);
  await ask('mutation { resumeQueue(name: "gates") { queue { name } } }');
});

const enqueue = `mutation ($options: TaskOptions) {
  double(input: { n: 1 }, options: $options) { task { id status priority runAt nextAttemptAt queuePosition estimatedStartAt } }
}`;

test('a task is enqueued for later, with a priority, and given another time and priority', async () => {
  const before = Date.now();
  const { double } = await ask(enqueue, { options: { delay: '1h', priority: 60 } });
  const { task } = double;
  expect(task).toMatchObject({
    status: 'SCHEDULED',
    priority: 60,
    queuePosition: null,
    runAt: task.nextAttemptAt,
  });
  expect(Date.parse(task.runAt)).toBeGreaterThanOrEqual(before + 3_590_000);
  const runAt = '2030-01-01T00:00:00.000Z';
  const change = `mutation ($id: ID!, $runAt: DateTimeISO, $delay: Duration) {
    rescheduleTask(id: $id, runAt: $runAt, delay: $delay) { accepted task { status runAt } }
  }`;
  const { id } = task;
  expect((await ask(change, { id, runAt })).rescheduleTask).toStrictEqual({
    accepted: true,
    task: { status: 'SCHEDULED', runAt },
  });
  const { reprioritizeTask } = await ask(
    'mutation ($id: ID!) { reprioritizeTask(id: $id, priority: -5) { accepted task { priority } } }',
    { id },
  );
  expect(reprioritizeTask).toStrictEqual({ accepted: true, task: { priority: -5 } });

  await ask(change, { id, delay: '0s' });
  expect(await api.tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });

  expect((await ask(change, { id, delay: '1m' })).rescheduleTask.accepted).toBe(false);
});

test.each([
  [{ delay: '1m', runAt: '2030-01-01T00:00:00Z' }, 'runAt'],
  [{ delay: '3651d' }, 'delay'],
  [{ delay: 'P1M' }, 'delay'],
  [{ runAt: '2999-01-01T00:00:00Z' }, 'runAt'],
  [{ priority: 601 }, 'priority'],
])('options that can not be are refused, and nothing is enqueued: %j', async (options, option) => {
  const { errors } = await api.http(enqueue, { options });

  expect(errors?.[0]?.extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    issues: [{ path: ['options', option] }],
  });
});

test.each([
  ['rescheduleTask(id: "default_none", delay: "1s") { accepted }', 'TASK_NOT_FOUND'],
  ['rescheduleTask(id: "default_none") { accepted }', 'BAD_USER_INPUT'],
  [
    'rescheduleTask(id: "default_none", delay: "1s", runAt: "2030-01-01T00:00:00Z") { accepted }',
    'BAD_USER_INPUT',
  ],
  ['rescheduleTask(id: "default_none", runAt: "2999-01-01T00:00:00Z") { accepted }', 'BAD_USER_INPUT'],
  ['reprioritizeTask(id: "default_none", priority: 1) { accepted }', 'TASK_NOT_FOUND'],
  ['reprioritizeTask(id: "default_none", priority: 601) { accepted }', 'BAD_USER_INPUT'],
  ['pauseDefinition(name: "nobody") { queue { name } }', 'BAD_USER_INPUT'],
])('what can not be done is an error with a code: %s', async (field, code) => {
  const { errors } = await api.http(`mutation { ${field} }`);

  expect(errors?.[0]?.extensions).toMatchObject({ code });
});

test('a list of tasks tells where each of them stands', async () => {
  await ask('mutation { pauseQueue(name: "gates") { queue { name } } }');
  for (let count = 0; count < 3; count += 1) await ask('mutation { gated { task { id } } }');

  const { tasks } = await ask(
    '{ tasks(filter: { queues: ["gates"], statuses: [QUEUED] }) { edges { node { queuePosition estimatedStartAt } } } }',
  );

  expect(tasks.edges.map(({ node }: { node: unknown }) => node)).toStrictEqual(
    [3, 2, 1].map((queuePosition) => ({ queuePosition, estimatedStartAt: null })),
  );
  gate.open();
});
