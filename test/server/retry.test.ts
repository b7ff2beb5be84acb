import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { double } from '../support/definitions.ts';
import { TestStore } from '../support/store.ts';
import { TestApi } from './test-api.ts';

let isBroken = true;

/** Fails until the test has mended what it needs. */
const printPage = defineTask({
  name: 'printPage',
  retry: { attempts: 1 },
  deadline: '1h',
  expiresIn: '30m',
  input: (t) => ({ title: t.string({ required: true }), copies: t.int({ defaultValue: 1 }) }),
  output: (t) => ({ printed: t.string() }),
  validate: ({ copies }) =>
    (copies ?? 0) > 9 ? { message: 'too many copies', path: ['copies'] } : undefined,
  run({ title, copies }) {
    if (isBroken) throw Object.assign(new Error('No paper.'), { code: 'NO_PAPER' });
    return { printed: `${copies} × ${title}` };
  },
});

const unknownId = 'default_00000000000000000000000000';
const enqueue = `mutation ($options: TaskOptions) {
  printPage(input: { title: "Menu" }, options: $options) { task { id } }
}`;
const retry = 'mutation ($id: ID!) { retryTask(id: $id) { accepted task { id status canRetry attempt } } }';
const replay = `mutation ($id: ID!, $input: JSON, $options: TaskOptions) {
  replayTask(id: $id, input: $input, options: $options) {
    deduplicated
    task { __typename id input tags replayOf { id status } }
  }
}`;

let api: TestApi;
beforeEach(async () => {
  isBroken = true;
  api = await TestApi.start([double, printPage]);
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

async function failedTask(options: Record<string, unknown> = {}): Promise<string> {
  const { data } = await api.http(enqueue, { options });
  const { id } = data.printPage.task;
  expect(await api.tests.finished(id)).toMatchObject({ status: 'FAILED' });
  return id;
}

describe('retryTask', () => {
  test.each(['ws', 'sse'] as const)(
    'puts a failed task back, which is then followed to its success over %s',
    async (transport) => {
      const follow = `subscription ($id: ID!) {
        printPageUpdated(id: $id) { id status isFinal canRetry failure { code } output { printed } }
      }`;
      const { data } = await api.http(enqueue);
      const { id } = data.printPage.task;
      const before = await Array.fromAsync(api[transport](follow, { id }));
      expect(before.at(-1)?.data.printPageUpdated).toMatchObject({
        status: 'FAILED',
        isFinal: true,
        canRetry: true,
        failure: { code: 'NO_PAPER' },
      });

      isBroken = false;
      const { data: retried } = await api.http(retry, { id });
      const after = await Array.fromAsync(api[transport](follow, { id }));

      expect(retried.retryTask).toMatchObject({ accepted: true, task: { id, canRetry: false } });
      const states = after.map(({ data }) => data.printPageUpdated);
      expect(states.map(({ status }) => status)).not.toContain('FAILED');
      expect(states.at(-1)).toEqual({
        id,
        status: 'SUCCEEDED',
        isFinal: true,
        canRetry: false,
        failure: null,
        output: { printed: '1 × Menu' },
      });
      expect((await api.tests.tasks.get(id))?.attempts).toMatchObject([{ number: 1 }, { number: 2 }]);
    },
  );

  test('does not touch a task that has succeeded, nor one that has not ended', async () => {
    const id = await api.enqueueDouble(1);
    await api.tests.finished(id);
    await using waiting = await TestApi.start([double], { workers: 0 });
    const waitingId = await waiting.enqueueDouble(1);

    expect((await api.http(retry, { id })).data.retryTask).toEqual({
      accepted: false,
      task: { id, status: 'SUCCEEDED', canRetry: false, attempt: 1 },
    });
    expect((await waiting.http(retry, { id: waitingId })).data.retryTask).toMatchObject({
      accepted: false,
      task: { status: 'QUEUED', canRetry: false },
    });
  });

  test('of a task whose key another one has taken over is IDEMPOTENCY_KEY_REUSED', async () => {
    const id = await failedTask({ idempotencyKey: 'menu' });
    isBroken = false;
    const { data } = await api.http(enqueue, { options: { idempotencyKey: 'menu' } });

    const { errors } = await api.http(retry, { id });

    expect(errors).toMatchObject([
      {
        path: ['retryTask'],
        message: expect.stringContaining('Replay this one instead'),
        extensions: { code: 'IDEMPOTENCY_KEY_REUSED', taskId: data.printPage.task.id },
      },
    ]);
    expect(await api.tests.tasks.get(id)).toMatchObject({ status: 'FAILED' });
  });

  test('of an unknown id is TASK_NOT_FOUND', async () => {
    const { errors } = await api.http(retry, { id: unknownId });

    expect(errors?.[0]?.extensions).toEqual({ code: 'TASK_NOT_FOUND' });
  });
});

describe('replayTask', () => {
  test('enqueues the same input anew, with the same tags, and says of what it is a replay', async () => {
    const id = await failedTask({ tags: ['kitchen'] });
    isBroken = false;

    const { data } = await api.http(replay, { id });

    expect(data.replayTask).toEqual({
      deduplicated: false,
      task: {
        __typename: 'PrintPageTask',
        id: expect.not.stringMatching(id),
        input: { title: 'Menu' },
        tags: ['kitchen'],
        replayOf: { id, status: 'FAILED' },
      },
    });
    expect(await api.tests.finished(data.replayTask.task.id)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test("with the original's own key is IDEMPOTENCY_KEY_REUSED: the original is no replay of itself", async () => {
    isBroken = false;
    const options = { idempotencyKey: 'menu' };
    const { data } = await api.http(enqueue, { options });
    const { id } = data.printPage.task;
    await api.tests.finished(id);

    const { errors } = await api.http(replay, { id, options });

    expect(errors).toMatchObject([
      { path: ['replayTask'], extensions: { code: 'IDEMPOTENCY_KEY_REUSED', taskId: id } },
    ]);
    expect(await api.tests.tasks.count()).toMatchObject({ count: 1 });
  });

  test('takes an edited input in place of the original, and other tags', async () => {
    const id = await failedTask({ tags: ['kitchen'] });
    isBroken = false;

    const { data } = await api.http(replay, {
      id,
      input: { title: 'Wine list', copies: 3 },
      options: { tags: ['bar'] },
    });

    const { task } = data.replayTask;
    expect(task).toMatchObject({ input: { title: 'Wine list', copies: 3 }, tags: ['bar'] });
    expect(await api.tests.finished(task.id)).toMatchObject({ output: { printed: '3 × Wine list' } });
    expect(await api.tests.tasks.input(id)).toEqual({ title: 'Menu' });
  });

  test('takes an input that is written out in the document, with its variables in place', async () => {
    const id = await failedTask();

    const { data } = await api.http(
      `mutation ($id: ID!, $title: String!) {
        replayTask(id: $id, input: { title: $title, copies: 2 }) { task { input } }
      }`,
      { id, title: 'Wine list' },
    );

    expect(data.replayTask.task.input).toEqual({ title: 'Wine list', copies: 2 });
  });

  test.each([
    [
      'of other types',
      { copies: 'x', pages: 1 },
      [
        ['edited', 'copies'],
        ['edited', 'title'],
        ['edited', 'pages'],
      ],
    ],
    ['that its own rules refuse', { title: 'x', copies: 10 }, [['edited', 'copies']]],
    ['that is no object', 5, [['edited']]],
  ])(
    'with an input %s is BAD_USER_INPUT with each place, and nothing is enqueued',
    async (_, edited, paths) => {
      const id = await failedTask();

      const { errors } = await api.http(
        'mutation ($id: ID!, $edited: JSON) { replayTask(id: $id, input: $edited) { task { id } } }',
        { id, edited },
      );

      expect(errors).toHaveLength(1);
      expect(errors?.[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        issues: paths.map((path) => ({ path })),
      });
      expect(await api.tests.tasks.count()).toMatchObject({ count: 1 });
    },
  );

  test('of a task whose definition this API does not know says so', async () => {
    const unknown = defineTask({ name: 'unknown', run: () => undefined });
    await using others = await TestApi.start([unknown], { redis: api.tests.redis });
    const { data } = await others.http('mutation { unknown { task { id } } }');

    const { errors } = await api.http(replay, { id: data.unknown.task.id });

    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining("not of 'unknown'"),
      extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['id'] }] },
    });
  });

  test('of an unknown id is TASK_NOT_FOUND', async () => {
    const { errors } = await api.http(replay, { id: unknownId });

    expect(errors?.[0]?.extensions).toEqual({ code: 'TASK_NOT_FOUND' });
  });
});

test('a task tells until when it must have begun and ended', async () => {
  await using waiting = await TestApi.start([printPage], { workers: 0 });
  const { data } = await waiting.http(enqueue);
  const query = 'query ($id: ID!) { task(id: $id) { createdAt expiresAt deadlineAt nextAttemptAt } }';

  const { data: read } = await waiting.http(query, { id: data.printPage.task.id });

  const since = (time: string) => new Date(time).getTime() - new Date(read.task.createdAt).getTime();
  expect(since(read.task.expiresAt)).toBe(30 * 60_000);
  expect(since(read.task.deadlineAt)).toBe(60 * 60_000);
  expect(read.task.nextAttemptAt).toBeNull();
});

test('a replay whose original is gone says that there is none, and is replayed itself', async () => {
  const original = await failedTask();
  const { data } = await api.http(replay, { id: original });
  const { id } = data.replayTask.task;
  await using store = new TestStore(api.tests.redis, 'default');
  await store.vanish(original);

  const read = await api.http('query ($id: ID!) { task(id: $id) { replayOf { id } } }', { id });
  const { data: again } = await api.http(replay, { id });

  expect(read).toEqual({ data: { task: { replayOf: null } } });
  expect(again.replayTask.task.replayOf).toMatchObject({ id });
});
