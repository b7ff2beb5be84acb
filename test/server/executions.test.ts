import {
  execute,
  GraphQLError,
  parse,
  validateExecutionArgs,
  validateSubscriptionArgs,
  type ValidatedSubscriptionArgs,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { openSession } from '../../src/auth/session.ts';
import { buildSchema } from '../../src/graphql/schema.ts';
import { defineTask } from '../../src/index.ts';
import { Executions } from '../../src/server/executions.ts';
import type { Task } from '../../src/tasks/task.ts';
import { testLogger } from '../support/stores.ts';

const resize = defineTask({
  name: 'resize',
  input: (t) => ({ width: t.int({ required: true }) }),
  output: (t) => ({ bytes: t.int(), format: t.enum('Format', ['JPEG', 'PNG']) }),
  run: () => ({ bytes: 1, format: 'PNG' as const }),
});

const schema = buildSchema([resize]);

const task: Task = {
  id: 'default_1',
  name: 'resize',
  queue: 'default',
  status: 'SUCCEEDED',
  version: 12_345_678_901,
  attempt: 2,
  maxAttempts: 3,
  failedAttempts: 1,
  attempts: [
    {
      number: 1,
      worker: 'w',
      startedAt: 1_790_000_000_000,
      finishedAt: 1_790_000_000_500,
      outcome: 'FAILED',
      failure: { code: 'ERROR', message: 'no', retryable: true, attempt: 1, details: { a: [1, null] } },
    },
    { number: 2, worker: 'w', startedAt: 1_790_000_001_000, outcome: 'SUCCEEDED' },
  ],
  createdAt: 1_790_000_000_000,
  createdUs: 1_790_000_000_000_000,
  startedAt: 1_790_000_000_000,
  finishedAt: 1_790_000_002_000,
  progress: { fraction: 0.5, message: 'half', data: { deep: [{ x: 1 }] } },
  tags: ['a', 'b'],
  owner: 'anonymous',
  definitionVersion: 'v1',
  outputBytes: 26,
  output: { bytes: 7, format: 'JPEG' },
};

const tasks = {
  output: async (task: Task) => task.output,
  input: async () => ({ width: 3 }),
  get: async (id: string) => {
    if (id === 'broken') throw new GraphQLError('broken', { extensions: { code: 'BROKEN' } });
    return id === task.id ? task : undefined;
  },
};

const fields = `
  id name queue status isFinal canCancel canRetry version attempt maxAttempts failedAttempts tags owner
  attempts { number worker startedAt finishedAt outcome failure { code message retryable attempt details } }
  createdAt startedAt finishedAt nextAttemptAt progress { fraction current total message data }
  failure { code } cancellation { reason } priority definitionVersion input parent { id }`;

/** By graphql-js alone, and after so many runs that the operation is compiled. */
async function bothWays(query: string, variableValues: Record<string, unknown> = {}, event: unknown = task) {
  const executions = new Executions(schema, testLogger, 3);
  const args = {
    schema,
    document: parse(query),
    variableValues,
    contextValue: { tasks, variables: variableValues },
  };
  const validated = query.startsWith('subscription')
    ? validateSubscriptionArgs(args)
    : validateExecutionArgs(args);
  if (!('schema' in validated)) throw new Error(`refused: ${validated.map(({ message }) => message).join()}`);
  const results = [];
  for (let run = 0; run < 5; run += 1) {
    const isEvent = validated.operation.operation === 'subscription';
    results.push(
      // The operation says that it is one.
      await (isEvent
        ? executions.runEvent(validated as ValidatedSubscriptionArgs, event)
        : executions.run(validated)),
    );
  }
  const json = results.map((result) => JSON.stringify(result));
  return { plain: json[0], compiled: json[4], all: new Set(json).size };
}

describe('a compiled operation answers as graphql-js does', () => {
  test.each([
    ['every field of a state', `subscription ($id: ID!) { taskUpdated(id: $id) { ${fields} } }`, { id: 'x' }],
    ['a typed output', 'subscription { resizeUpdated(id: "x") { output { bytes format } } }', {}],
    [
      'fragments, aliases and directives',
      `subscription ($no: Boolean!) { ...Root } fragment Root on Subscription { at: taskUpdated(id: "x") {
        a: status b: status ... on ResizeTask { output { bytes } } ... on UntypedTask { output }
        version @skip(if: $no) id @include(if: $no) } }`,
      { no: true },
    ],
    ['a type name', 'subscription { taskUpdated(id: "x") { __typename progress { __typename } } }', {}],
    ['a query', `query { task(id: "default_1") { ${fields} } }`, {}],
    ['a missing task', 'query { task(id: "x") { id } }', {}],
    [
      'a failing field beside a good one',
      'query { a: task(id: "broken") { id } b: task(id: "default_1") { id } }',
      {},
    ],
  ])('%s', async (_, query, variables) => {
    const { plain, compiled, all } = await bothWays(query, variables);

    expect(compiled).toBe(plain);
    expect(all).toBe(1);
  });

  test('an event whose field can not be told', async () => {
    const { plain, compiled } = await bothWays(
      'subscription { taskUpdated(id: "x") { id version } }',
      {},
      {
        ...task,
        version: 'no number',
      },
    );

    expect(plain).toContain('errors');
    expect(compiled).toBe(plain);
  });

  test('the error of a mutation has its place in the document, and says what was thrown', async () => {
    const thrown = new Error('refused');
    const args = {
      schema,
      document: parse('mutation { ... on Mutation { first: resize(input: { width: 1 }) { task { id } } } }'),
      contextValue: {
        variables: {},
        viewer: openSession.viewer,
        tasks: { enqueue: () => Promise.reject(thrown) },
      },
    };
    const validated = validateExecutionArgs(args);
    if (!('schema' in validated)) throw new Error('refused');
    const executions = new Executions(schema, testLogger, 1);

    const compiled = await executions.run(validated);

    expect(JSON.stringify(compiled)).toBe(JSON.stringify(await execute(args)));
    // By which it is masked and logged.
    expect(compiled.errors?.[0]?.cause).toBe(thrown);
  });
});

test('arguments below the root are left to graphql-js', async () => {
  const { plain, compiled } = await bothWays(
    'subscription { taskUpdated(id: "x") { id stream(name: "none", first: 1) { __typename } } }',
  );

  expect(compiled).toBe(plain);
});
