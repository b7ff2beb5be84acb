import { GraphQLObjectType, GraphQLSchema, GraphQLString, parse } from 'graphql';
import { beforeAll, expect, test } from 'vitest';
import {
  type Scope,
  scopes,
  type Viewer,
  viewerOf,
  type WatchRight,
  watchRights,
} from '../../src/auth/viewer.ts';
import { accessOf, guardRootFields, needs } from '../../src/graphql/access.ts';
import { buildSchema } from '../../src/graphql/schema.ts';
import { Pipeline } from '../../src/server/pipeline.ts';
import { double } from '../support/definitions.ts';
import { operationOf, type RootField, rootFields } from '../support/generated-operations.ts';
import { testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

const schema = buildSchema([double]);
const fields = rootFields(schema);
let pipeline: Pipeline;

beforeAll(async () => {
  const tests = await TestTasks.start([double], { workers: 0 });
  const { tasks } = tests;
  const { signal: closing } = new AbortController();
  // All that there is to select of a field costs more than one may ask for at a time.
  pipeline = new Pipeline({ schema, tasks, logger: testLogger, closing, operations: { cost: 1_000_000 } });
  return () => tests[Symbol.asyncDispose]();
});

/** The codes of the errors that a viewer gets for a root field. */
async function codesOf(root: RootField, viewer: Viewer): Promise<unknown[]> {
  const { query, variables } = operationOf(root);
  const params = { document: parse(query), variables };
  const session = { viewer, credential: 'test', expiresAt: undefined };
  const context = pipeline.context(params, { session });
  if (root.kind !== 'subscription') {
    const { errors } = await pipeline.execute(params, context);
    return (errors ?? []).map(({ extensions }) => extensions['code']);
  }
  const subscription = await pipeline.subscribe(params, context);
  if ('errors' in subscription) return subscription.errors.map(({ extensions }) => extensions['code']);
  await subscription.events.return?.();
  return [];
}

const scoped = fields.filter(({ field }) => scopes.some((scope) => scope === accessOf(field)?.scope));

test.each(scoped.map((root) => [root.kind, root.field.name, root] as const))(
  'the %s %s is for those alone who have the scope that it names',
  async (_kind, _name, root) => {
    const access = accessOf(root.field);
    const others = scopes.filter((scope) => scope !== access?.scope && scope !== 'admin');
    const codes = async (given: readonly Scope[]) => await codesOf(root, viewerOf('ann', { scopes: given }));

    expect(await codes([])).toEqual(['FORBIDDEN']);
    expect(await codes(others)).toEqual(['FORBIDDEN']);
    expect(await codes(scopes.filter((scope) => scope === access?.scope))).not.toContain('FORBIDDEN');
    expect(await codes(['admin'])).not.toContain('FORBIDDEN');
  },
);

test.each(fields.map((root) => [root.kind, root.field.name, root] as const))(
  'the %s %s is for those watch tokens alone that have a right which it names',
  async (_kind, _name, root) => {
    const isRefused = async (right: WatchRight) => {
      const viewer = viewerOf('ann', { watch: { taskId: 'none', rights: [right] } });
      return (await codesOf(root, viewer)).includes('FORBIDDEN');
    };
    const refused = await Array.fromAsync(watchRights, isRefused);

    const allowed = accessOf(root.field)?.watch ?? [];
    expect(refused).toEqual(watchRights.map((right) => !allowed.includes(right)));
  },
);

test('a watch token is for what one may do with one task alone', () => {
  const open = fields.filter(({ field }) => (accessOf(field)?.watch.length ?? 0) > 0);

  expect(open.map(({ field }) => field.name).toSorted()).toEqual([
    'cancelTask',
    'doubleUpdated',
    'node',
    'renewWatchToken',
    'task',
    'taskLogAppended',
    'taskStreamAppended',
    'taskUpdated',
    'viewer',
  ]);
});

test('who it is may be asked by whoever has signed in, without any scope', async () => {
  const open = fields.filter(({ field }) => accessOf(field)?.scope === 'anyone');
  expect(open.map(({ field }) => field.name)).toEqual(['viewer']);

  for (const root of open) expect(await codesOf(root, viewerOf('ann', {}))).toEqual([]);
});

test('who has not signed in by a watch token can not renew one, whatever it may do', async () => {
  const others = fields.filter(({ field }) => accessOf(field)?.scope === undefined);
  expect(others.map(({ field }) => field.name)).toEqual(['renewWatchToken']);

  for (const root of others) expect(await codesOf(root, viewerOf('ann', { scopes }))).toEqual(['FORBIDDEN']);
});

test('a root field that does not say who may use it is a mistake that no API starts with', () => {
  const withField = (extensions: object) =>
    new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: { secret: { type: GraphQLString, resolve: () => 'told', extensions: { ...extensions } } },
      }),
    });

  expect(() => guardRootFields(withField({}))).toThrow('Expected Query.secret to say who may use it');
  expect(() => guardRootFields(withField(needs('admin')))).not.toThrow();
});

test('who is refused is told which scope it needs and which it has', async () => {
  const root = fields.find(({ field }) => field.name === 'pauseQueue');
  if (root === undefined) throw new Error('there is no pauseQueue');
  const { query, variables } = operationOf(root);
  const params = { document: parse(query), variables };
  const viewer = viewerOf('ann', { scopes: ['tasks:read', 'tasks:write'] });
  const session = { viewer, credential: 'test', expiresAt: undefined };

  const { errors } = await pipeline.execute(params, pipeline.context(params, { session }));

  expect(errors?.[0]?.message).toBe(
    '`pauseQueue` needs the scope `queues:manage`. Yours: tasks:read, tasks:write.',
  );
});
