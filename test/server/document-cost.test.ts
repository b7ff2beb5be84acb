import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { type GraphQLSchema, Kind, type OperationDefinitionNode, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { builtIn } from '../../src/cli/definitions.ts';
import * as operations from '../../src/cli/operations.ts';
import { buildSchema } from '../../src/graphql/schema.ts';
import { defineTask } from '../../src/index.ts';
import { pointsOf, total } from '../../src/server/document-cost.ts';
import { shapesOf, tooLarge } from '../../src/server/document-shape.ts';
import { operationLimits } from '../../src/server/operation-limits.ts';
import { double } from '../support/definitions.ts';

const nested = defineTask({
  name: 'nested',
  output: (t) => ({
    rows: t.list(t.object('Row', (t) => ({ cells: t.list(t.object('Cell', (t) => ({ n: t.int() }))) }))),
  }),
  run: () => ({ rows: [] }),
});
const schema = buildSchema([double, nested, ...builtIn]);

function priceOf(query: string, variables: Record<string, unknown> = {}, of: GraphQLSchema = schema): number {
  const document = parse(query);
  const isOperation = ({ kind }: { kind: string }) => kind === Kind.OPERATION_DEFINITION;
  const operation = document.definitions.find(isOperation) as OperationDefinitionNode;
  return Math.round(total(pointsOf(of, document, operation), variables) * 100) / 100;
}

describe('an operation costs', () => {
  test.each([
    ['nothing for plain values', '{ __typename }', 0],
    ['a point for what has an id', '{ task(id: "x") { id status version } }', 1],
    ['a fifth for what comes with it', '{ task(id: "x") { progress { fraction } failure { code } } }', 1.4],
    ['as much as a list may hold', '{ tasks(first: 7) { nodes { id } } }', 7.2],
    ['20 items where the query says none', '{ tasks { nodes { id } } }', 20.2],
    ['20 items where it says null', '{ tasks(first: null) { nodes { id } } }', 20.2],
    ['each list that is asked for', '{ tasks(last: 5) { nodes { id } edges { cursor node { id } } } }', 11.2],
    [
      'lists in lists by both',
      '{ tasks(first: 10) { nodes { children(first: 3) { nodes { id } } } } }',
      42.2,
    ],
    [
      'the page once, however long it is',
      '{ tasks(first: 100) { pageInfo { endCursor } totalCount { count } } }',
      5.4,
    ],
    ['the attempts as so many as there mostly are', '{ task(id: "x") { attempts { failure { code } } } }', 3],
    [
      'an output as a whole',
      '{ task(id: "x") { ... on NestedTask { output { rows { cells { n } } } } } }',
      2,
    ],
    [
      'the dearest of what is asked for of several types',
      `{ task(id: "x") { id ... on DoubleTask { output { n } parent { id } } ... on NestedTask { output { rows { cells { n } } } } } }`,
      3,
    ],
    [
      'what is asked of fragments wherever they stand',
      '{ tasks(first: 10) { ...P } batch(id: "b") { tasks(first: 5) { ...P } } } fragment P on TaskConnection { nodes { id } }',
      16.4,
    ],
    ['lines of a log', '{ task(id: "x") { log(first: 50) { entries { message } } } }', 13],
    ['ids that are asked for', '{ nodes(ids: ["a", "b", "c"]) { id } }', 3],
    [
      'what many tasks are acted on, whatever is told of it',
      'mutation { retryTasks(filter: { names: ["double"] }, first: 500) { acceptedCount } }',
      100.2,
    ],
    [
      'what a batch enqueues',
      'mutation { doubleBatch(inputs: [{ n: 1 }, { n: 2 }]) { batch { id } items { index task { id } } } }',
      2.4,
    ],
  ])('%s', (_, query, points) => {
    expect(priceOf(query)).toBe(points);
  });

  test('what its variables say', () => {
    const page =
      'query ($n: Int, $m: Int = 2) { tasks(first: $n, last: $m) { nodes { id children(first: $m) { nodes { id } } } } }';
    expect(priceOf(page, { n: 3 })).toBe(3 * (1.2 + 20) + 0.2);
    expect(priceOf(page, { n: 3, m: 10 })).toBe(10 * (1.2 + 10) + 0.2);
    expect(priceOf(page, { n: null, m: null })).toBe(20 * (1.2 + 20) + 0.2);
    expect(priceOf(page, { n: -5, m: 0 })).toBe(0.2);
    expect(priceOf('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: ['a', 'b'] })).toBe(2);
    expect(priceOf('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: 'a' })).toBe(1);
  });
});

describe('within the limits are', () => {
  const limits = operationLimits();

  /** In how many ways it is beyond them. */
  function excess(query: string, variables: Record<string, unknown> = {}): string[] {
    const shapes = shapesOf(parse(query));
    const problem =
      shapes === undefined ? 'fragments in a circle' : tooLarge(shapes.values(), limits)?.message;
    const points = priceOf(query, variables);
    return [
      ...(problem === undefined ? [] : [problem]),
      ...(points > limits.cost ? [`${points} points`] : []),
    ];
  }

  test('a page of a hundred tasks with nearly everything of them', () => {
    expect(
      excess(`{ tasks(first: 100) {
      edges { cursor node {
        id name queue status isFinal canCancel canRetry version attempt maxAttempts failedAttempts tags owner createdAt
        startedAt finishedAt nextAttemptAt runAt priority input progress { fraction current total message data }
        attempts { number worker startedAt finishedAt outcome failure { code message retryable attempt } }
        failure { code message details } cancellation { requestedAt reason actor }
        ... on DoubleTask { output { n } } ... on AnalyzeDataTask { output { columns { name mostFrequent { value } } } }
        parent { id } batch { id }
      } }
      pageInfo { hasNextPage endCursor } totalCount { count isExact }
    } }`),
    ).toEqual([]);
  });

  test('fragments with more fields than may stand at a root', () => {
    const names = `id name queue status isFinal canCancel canRetry version attempt maxAttempts failedAttempts tags owner
      createdAt startedAt finishedAt nextAttemptAt runAt priority input streams`;
    expect(excess(`{ task(id: "x") { ...Row } } fragment Row on Task { ${names} }`)).toEqual([]);
  });

  test('a window of a hundred tasks', () => {
    expect(
      excess(`subscription { tasksUpdated(first: 100) {
      reset { nodes { ...Row } pageInfo { endCursor } totalCount { count } }
      changes { kind index id cursor task { ...Row } } hasNextPage
    } }
    fragment Row on Task { id name status version progress { fraction message } failure { code message } attempts { number } }`),
    ).toEqual([]);
  });

  test.each(['retryTasks', 'cancelTasks', 'replayTasks'])('%s of a thousand, with each result', (field) => {
    expect(
      excess(`mutation { ${field}(filter: { names: ["double"] }, first: 1000) {
      totalCount { count isExact } acceptedCount hasMore endCursor
      results { id accepted task { status } error { code message issues } }
    } }`),
    ).toEqual([]);
  });

  test('a batch of a thousand, with each item', () => {
    const inputs = Array.from({ length: 1000 }, (_, n) => ({ n }));
    expect(
      excess(
        'mutation ($inputs: [DoubleInput!]!) { doubleBatch(inputs: $inputs) { batch { id } items { index task { id } error { code issues } } } }',
        { inputs },
      ),
    ).toEqual([]);
  });

  test('what the command line sends', () => {
    const documents = [
      ...Object.values(operations).filter((document) => typeof document === 'string'),
      operations.enqueueDocument(schema, 'double', true),
      ...['NestedTask', 'AnalyzeDataTask', 'SendEmailTask'].map((type) =>
        operations.watchDocument(schema, type),
      ),
    ];
    expect(documents.length).toBeGreaterThan(10);
    for (const document of documents) expect(excess(document)).toEqual([]);
  });

  test('what the documents tell to send', async () => {
    const files = ['README.md', ...(await Array.fromAsync(glob('docs/*.md')))];
    const blocks = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, block = '']) =>
        block.replaceAll('…', ''),
      ),
    );
    expect(blocks.length).toBeGreaterThan(10);
    const operations = blocks.flatMap((block) =>
      parse(block)
        .definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
        .map(({ loc }) => block.slice(loc?.start, loc?.end)),
    );
    for (const operation of operations) expect(excess(operation)).toEqual([]);
  });
});
