import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { double } from '../support/definitions.ts';
import { scheduleIdOf } from '../support/schedules.ts';
import { TestTokens } from '../support/tokens.ts';
import { TestApi } from './test-api.ts';
import { TestClient } from './test-client.ts';

const backup = defineTask({
  name: 'backup',
  input: (t) => ({ to: t.field({ type: 'URL', required: true }), copies: t.int({ defaultValue: 1 }) }),
  schedule: { cron: '30 2 * * *', timeZone: 'Europe/Berlin', input: { to: 'https://example.com' } },
  run: () => undefined,
});

const listed = defineTask({ name: 'listed', run: () => undefined });

const unknownId = 'default_schedule_00000000000000000000000000';
const fields = `id definition queue name cron { expression timeZone } every at input missed overlap source isPaused
  pause { reason actor } nextRunAt nextRuns(first: 3) lastRunAt lastTask { id } lastSkip { slot reason } missedCount
  createdAt owner tags priority`;
const create = `mutation (
  $definition: String!, $schedule: ScheduleSpec!, $input: JSON, $missed: MissedSlots, $tags: [String!], $priority: Int
) {
  createSchedule(
    definition: $definition, schedule: $schedule, input: $input, missed: $missed, tags: $tags, priority: $priority
  ) { schedule { ${fields} } }
}`;

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start([double, backup, listed]);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

async function createdId(
  schedule: Record<string, unknown> = { every: '1h' },
  definition = 'double',
): Promise<string> {
  const input = definition === 'double' ? { n: 4 } : {};
  const { data } = await api.http(create, { definition, schedule, input });
  return data.createSchedule.schedule.id;
}

describe('createSchedule', () => {
  test('makes a schedule that tells its next runs', async () => {
    const { data } = await api.http(create, {
      definition: 'double',
      schedule: { cron: { expression: '0 12 1 1 *', timeZone: 'America/New_York' } },
      input: { n: 4 },
      tags: ['yearly'],
      priority: 60,
    });

    const { schedule } = data.createSchedule;
    expect(schedule).toMatchObject({
      id: expect.stringMatching(/^default_schedule_[0-9a-z]{26}$/),
      definition: 'double',
      queue: 'default',
      name: null,
      cron: { expression: '0 12 1 1 *', timeZone: 'America/New_York' },
      every: null,
      at: null,
      input: { n: 4 },
      missed: 'SKIP',
      overlap: 'ALLOW',
      source: 'API',
      isPaused: false,
      pause: null,
      lastRunAt: null,
      lastTask: null,
      lastSkip: null,
      missedCount: 0,
      owner: 'anonymous',
      tags: ['yearly'],
      priority: 60,
    });
    expect(schedule.nextRuns).toHaveLength(3);
    expect(schedule.nextRuns[0]).toBe(schedule.nextRunAt);
    for (const run of schedule.nextRuns) expect(run).toMatch(/-01-01T17:00:00.000Z$/);
  });

  test('runs a task at its time, which says for which slot of which schedule it was made', async () => {
    const at = new Date(Date.now() + 1_200);
    const id = await createdId({ at });

    const made = await vi.waitFor(
      async () => {
        const { data } = await api.http(
          `query ($id: ID!) {
            schedule(id: $id) {
              nextRunAt nextRuns
              lastTask { id input scheduledFor schedule { id } ... on DoubleTask { output { n } } }
            }
            node(id: $id) { __typename id }
            tasks(filter: { schedules: [$id] }) { nodes { id } }
          }`,
          { id },
        );
        expect(data.schedule.lastTask?.output).toEqual({ n: 8 });
        return data;
      },
      { timeout: 10_000 },
    );

    expect(made).toEqual({
      schedule: {
        nextRunAt: null,
        nextRuns: [],
        lastTask: {
          id: expect.any(String),
          input: { n: 4 },
          scheduledFor: at.toISOString(),
          schedule: { id },
          output: { n: 8 },
        },
      },
      node: { __typename: 'Schedule', id },
      tasks: { nodes: [{ id: made.schedule.lastTask.id }] },
    });
    const task = await api.tests.tasks.get(made.schedule.lastTask.id);
    expect((task?.createdAt ?? 0) - at.getTime()).toBeLessThan(500);
  });

  test('of which everything is wrong is one BAD_USER_INPUT with each place', async () => {
    const { errors } = await api.http(create, {
      definition: 'double',
      schedule: { cron: { expression: '0 0 30 2 *', timeZone: 'Mars/Base' } },
      input: { n: 'x' },
      tags: [''],
      priority: 700,
    });

    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(errors?.[0]?.extensions?.['issues']).toMatchObject([
      { path: ['schedule', 'cron', 'timeZone'], message: expect.stringContaining('IANA') },
      { path: ['schedule', 'cron', 'expression'], message: expect.stringContaining('no day is like that') },
      { path: ['priority'] },
      { path: ['tags', 0] },
      { path: ['input', 'n'] },
    ]);
  });

  test.each([
    [
      'an expression of too few fields',
      { cron: { expression: '* * *' } },
      ['schedule', 'cron', 'expression'],
    ],
    ['a time that has passed', { at: '2020-01-01T00:00:00Z' }, ['schedule', 'at']],
    ['a length below a second', { every: '10ms' }, ['schedule', 'every']],
    ['a month, which has no one length', { every: 'P1M' }, ['schedule', 'every']],
    ['two ways to say when', { every: '1h', at: '2099-01-01T00:00:00Z' }, ['schedule']],
  ])('of %s is BAD_USER_INPUT', async (_, schedule, path) => {
    const { errors } = await api.http(create, { definition: 'double', schedule, input: { n: 1 } });

    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path }] });
  });

  test('of a definition that this API does not know is BAD_USER_INPUT', async () => {
    const { errors } = await api.http(create, { definition: 'triple', schedule: { every: '1h' } });

    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['definition'], message: 'Expected one of: backup, double, listed; not "triple".' }],
    });
  });
});

describe('a schedule', () => {
  test('takes other times, which hold from now on, and keeps what is left out', async () => {
    const id = await createdId();
    const update = `mutation ($id: ID!, $schedule: ScheduleSpec, $input: JSON) {
      updateSchedule(id: $id, schedule: $schedule, input: $input, overlap: SKIP) { schedule { ${fields} } }
    }`;

    const same = await api.http(update, { id, schedule: { every: '1h' } });
    const other = await api.http(update, { id, schedule: { every: '2h' }, input: { n: 5 } });
    const { errors } = await api.http(update, { id, input: { n: 'x' } });

    const [before, after] = [same.data, other.data].map(({ updateSchedule }) => updateSchedule.schedule);
    expect(before).toMatchObject({ id, every: 'PT3600S', input: { n: 4 }, overlap: 'SKIP' });
    // Counted from a moment before it was made.
    const firstMs = new Date(before.nextRunAt).getTime() - new Date(before.createdAt).getTime();
    expect(firstMs).toBeGreaterThan(3_595_000);
    expect(firstMs).toBeLessThanOrEqual(3_600_000);
    expect(after).toMatchObject({ id, every: 'PT7200S', input: { n: 5 } });
    expect(new Date(after.nextRunAt).getTime() - new Date(before.nextRunAt).getTime()).toBeGreaterThan(
      3_590_000,
    );
    expect(errors?.[0]?.extensions).toMatchObject({ issues: [{ path: ['input', 'n'] }] });
  });

  test('that is paused has no next run until it is resumed', async () => {
    const id = await createdId();
    const pause = `mutation ($id: ID!) {
      pauseSchedule(id: $id, reason: "maintenance") { accepted schedule { ${fields} } }
    }`;
    const resume = `mutation ($id: ID!) { resumeSchedule(id: $id) { accepted schedule { ${fields} } } }`;

    const paused = await api.http(pause, { id });
    const again = await api.http(pause, { id });
    const resumed = await api.http(resume, { id });
    const twice = await api.http(resume, { id });

    expect(paused.data.pauseSchedule).toMatchObject({
      accepted: true,
      schedule: {
        isPaused: true,
        pause: { reason: 'maintenance', actor: 'anonymous' },
        nextRunAt: null,
        nextRuns: [],
      },
    });
    expect(again.data.pauseSchedule).toMatchObject({ accepted: false, schedule: { isPaused: true } });
    expect(resumed.data.resumeSchedule).toMatchObject({
      accepted: true,
      schedule: { isPaused: false, pause: null, nextRunAt: expect.any(String) },
    });
    expect(twice.data.resumeSchedule).toMatchObject({ accepted: false, schedule: { isPaused: false } });
  });

  test('can be run now, once for each idempotency key, also while it is paused', async () => {
    const id = await createdId();
    await api.http('mutation ($id: ID!) { pauseSchedule(id: $id) { accepted } }', { id });
    const run =
      'mutation ($id: ID!) { runScheduleNow(id: $id) { deduplicated task { id input schedule { id } } } }';

    const first = await api.http(run, { id }, { 'Idempotency-Key': 'run-now' });
    const second = await api.http(run, { id }, { 'Idempotency-Key': 'run-now' });

    const { task } = first.data.runScheduleNow;
    expect(first.data.runScheduleNow).toMatchObject({
      deduplicated: false,
      task: { input: { n: 4 }, schedule: { id } },
    });
    expect(second.data.runScheduleNow).toMatchObject({ deduplicated: true, task: { id: task.id } });
    expect(await api.tests.finished(task.id)).toMatchObject({ status: 'SUCCEEDED', output: { n: 8 } });
  });

  test('that is deleted is gone, and its tasks are not', async () => {
    const id = await createdId();
    const ran = await api.http('mutation ($id: ID!) { runScheduleNow(id: $id) { task { id } } }', { id });
    const { task } = ran.data.runScheduleNow;

    const { data } = await api.http('mutation ($id: ID!) { deleteSchedule(id: $id) { schedule { id } } }', {
      id,
    });

    expect(data.deleteSchedule.schedule).toEqual({ id });
    const read = await api.http(
      'query ($id: ID!, $task: ID!) { node(id: $id) { id } task(id: $task) { id schedule { id } } }',
      { id, task: task.id },
    );
    expect(read.data).toEqual({ node: null, task: { id: task.id, schedule: null } });
  });

  test('of an unknown id is SCHEDULE_NOT_FOUND', async () => {
    const { errors } = await api.http(
      `mutation ($id: ID!) {
        update: updateSchedule(id: $id, name: "x") { schedule { id } }
        pause: pauseSchedule(id: $id) { accepted }
        resume: resumeSchedule(id: $id) { accepted }
        delete: deleteSchedule(id: $id) { schedule { id } }
        run: runScheduleNow(id: $id) { task { id } }
      }`,
      { id: unknownId },
    );
    const read = await api.http('query ($id: ID!) { schedule(id: $id) { id } }', { id: unknownId });

    const codes = [...(errors ?? []), ...(read.errors ?? [])].map(({ extensions }) => extensions?.['code']);
    expect(new Set(codes)).toEqual(new Set(['SCHEDULE_NOT_FOUND']));
  });
});

describe('a schedule in the code', () => {
  const id = scheduleIdOf(backup);
  const inStore = async () =>
    await vi.waitFor(
      async () => {
        const { data } = await api.http(`query ($id: ID!) { schedule(id: $id) { ${fields} } }`, { id });
        expect(data.schedule).not.toBeNull();
        return data.schedule;
      },
      { timeout: 10_000 },
    );

  test('is there without a word, and can be paused and run but not changed', async () => {
    expect(await inStore()).toMatchObject({
      id,
      definition: 'backup',
      name: 'default',
      source: 'CODE',
      cron: { expression: '30 2 * * *', timeZone: 'Europe/Berlin' },
      input: { to: 'https://example.com' },
    });

    const { data, errors } = await api.http(
      `mutation ($id: ID!) {
        pauseSchedule(id: $id) { accepted }
        runScheduleNow(id: $id) { task { id } }
      }`,
      { id },
    );
    const refused = await api.http('mutation ($id: ID!) { deleteSchedule(id: $id) { schedule { id } } }', {
      id,
    });
    const unchanged = await api.http(
      'mutation ($id: ID!) { updateSchedule(id: $id, name: "x") { schedule { id } } }',
      { id },
    );

    expect(errors).toBeUndefined();
    expect(data.pauseSchedule.accepted).toBe(true);
    for (const { errors } of [refused, unchanged]) {
      expect(errors?.[0]).toMatchObject({
        message: expect.stringContaining("stands in the code of 'backup'"),
        extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['id'] }] },
      });
    }
  });
});

test('schedules are listed page by page, those that were made last first', async () => {
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) ids.unshift(await createdId({ every: '1h' }, 'listed'));
  const list = `query ($after: String) {
    schedules(definitions: ["listed"], first: 2, after: $after) {
      nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor }
    }
  }`;

  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const { data } = await api.http(list, { after });
    const { nodes, pageInfo } = data.schedules;
    expect(pageInfo.hasPreviousPage).toBe(after !== undefined);
    pages.push(nodes.map(({ id }: { id: string }) => id));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : undefined;
  } while (after !== undefined);
  const { errors } = await api.http(list, { after: 'x' });

  expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: ['after'] }] });
});

test('a subscription tells the schedules, then each that changes and each that is deleted', async () => {
  const id = await createdId();
  const updates = api.ws(
    `subscription ($definitions: [String!]) {
      schedulesUpdated(definitions: $definitions) { schedules { id isPaused } removedIds hasNextPage }
    }`,
    { definitions: ['double'] },
  );
  const first = (await updates.next()).value.data.schedulesUpdated;
  expect(first.schedules).toContainEqual({ id, isPaused: false });
  expect(first).toMatchObject({ removedIds: [], hasNextPage: false });

  await api.http('mutation ($id: ID!) { pauseSchedule(id: $id) { accepted } }', { id });
  expect((await updates.next()).value.data.schedulesUpdated).toMatchObject({
    schedules: [{ id, isPaused: true }],
    removedIds: [],
  });
  await api.http('mutation ($id: ID!) { deleteSchedule(id: $id) { schedule { id } } }', { id });
  expect((await updates.next()).value.data.schedulesUpdated).toMatchObject({
    schedules: [],
    removedIds: [id],
  });
  await updates.return(undefined);
});

test('who is not admin is told of its own schedules alone, and not that another was deleted', async () => {
  const tokens = new TestTokens();
  await using api = await TestApi.start([double], { workers: 0, authenticator: tokens });
  const { schedules } = api.tests.tasks;
  const own = { every: '1h', input: { n: 1 }, owner: 'ann' } as const;
  const [anns, bens] = [
    await schedules.create(double, own),
    await schedules.create(double, { ...own, owner: 'ben' }),
  ];
  await using ann = new TestClient(api.origin, tokens.make('ann', undefined, ['tasks:read']));
  const updates = ann.ws('subscription { schedulesUpdated { schedules { id name } removedIds } }');
  expect((await updates.next()).value).toEqual({
    data: { schedulesUpdated: { schedules: [{ id: anns.id, name: null }], removedIds: [] } },
  });

  await schedules.update(bens.id, { name: 'other' });
  await schedules.delete(bens.id);
  await schedules.update(anns.id, { name: 'own' });

  expect((await updates.next()).value).toEqual({
    data: { schedulesUpdated: { schedules: [{ id: anns.id, name: 'own' }], removedIds: [] } },
  });
  await updates.return(undefined);
});

test.each(['first: 0', 'first: 101'])('schedules of %s are BAD_USER_INPUT', async (given) => {
  const { errors } = await api.overSocket(`subscription { schedulesUpdated(${given}) { hasNextPage } }`);

  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: ['first'] }] });
});
