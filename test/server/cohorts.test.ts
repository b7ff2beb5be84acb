import { GraphQLObjectType, GraphQLScalarType, GraphQLSchema, GraphQLString } from 'graphql';
import { expect, test, vi } from 'vitest';
import { openSession } from '../../src/auth/session.ts';
import { scopes, viewerOf } from '../../src/auth/viewer.ts';
import type { Context } from '../../src/graphql/context.ts';
import { sharedStates } from '../../src/graphql/shared-states.ts';
import { Line } from '../../src/server/line.ts';
import { Pipeline } from '../../src/server/pipeline.ts';
import { cohortKey, Subscriptions } from '../../src/server/subscriptions.ts';
import { testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

interface State {
  readonly version: number;
  readonly text: string;
}

/** A thing with states of which a test decides, and what is asked for it. */
class Watched {
  readonly opened = vi.fn<() => void>();
  readonly executed = vi.fn<(state: State) => string | Promise<string>>(({ text }) => text);
  readonly ended = vi.fn<() => void>();
  now: State = { version: 1, text: 'one' };
  id = 'the thing';
  readonly #takers = new Set<(state: State | undefined | Error) => void>();
  readonly #isShared: boolean;

  constructor(isShared = true) {
    this.#isShared = isShared;
  }

  tell(version: number, text: string): void {
    this.now = { version, text };
    for (const take of this.#takers) take(this.now);
  }

  end(error?: Error): void {
    for (const take of this.#takers) take(error);
  }

  get schema(): GraphQLSchema {
    const states = (): AsyncIterableIterator<State> => this.#states();
    const version = ({ version }: State) => version;
    return new GraphQLSchema({
      query: new GraphQLObjectType({ name: 'Query', fields: { none: { type: GraphQLString } } }),
      subscription: new GraphQLObjectType({
        name: 'Subscription',
        fields: {
          state: {
            type: Anything,
            args: { name: { type: GraphQLString } },
            extensions: this.#isShared ? sharedStates(version, () => this.id) : {},
            subscribe: states,
            resolve: (state: State) => this.executed(state),
          },
        },
      }),
    });
  }

  #states(): AsyncIterableIterator<State> {
    this.opened();
    const waiting: (State | undefined | Error)[] = [this.now];
    let wake: (() => void) | undefined;
    const take = (state: State | undefined | Error): void => {
      waiting.push(state);
      wake?.();
    };
    this.#takers.add(take);
    const over = (): void => {
      if (this.#takers.delete(take)) this.ended();
    };
    return {
      async next() {
        while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const state = waiting.shift();
        if (state instanceof Error) throw state;
        return state === undefined ? { done: true, value: undefined } : { done: false, value: state };
      },
      return() {
        over();
        take(undefined);
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

/** Lets through whatever a test executes to. */
const Anything = new GraphQLScalarType({ name: 'Anything' });

/** A connection that takes everything, or nothing. */
class Connection {
  writableNeedDrain = false;
  writableLength = 0;
  #drained: () => void = () => undefined;

  on(_: 'drain', listener: () => void): void {
    this.#drained = listener;
  }

  off(): void {}

  block(): void {
    this.writableNeedDrain = true;
  }

  drain(): void {
    this.writableNeedDrain = false;
    this.#drained();
  }
}

async function stage(watched: Watched) {
  const tests = await TestTasks.start([], { workers: 0 });
  const closing = new AbortController().signal;
  const pipeline = new Pipeline({ schema: watched.schema, tasks: tests.tasks, logger: testLogger, closing });
  const subscriptions = new Subscriptions(pipeline);
  const subscribe = async (
    options: { query?: string; owner?: string; variables?: Record<string, unknown> } = {},
  ) => {
    const { query = 'subscription { state }', owner = 'anonymous', variables } = options;
    const params = { document: pipeline.documents.parse(query), variables };
    const session = { ...openSession, viewer: viewerOf(owner, { scopes }) };
    const context = pipeline.context(params, { session });
    const connection = new Connection();
    const line = new Line(
      connection,
      () => undefined,
      () => undefined,
    );
    const said: string[] = [];
    const membership = await subscriptions.open(params, context, line, {
      next: (payload) => said.push(payload),
      complete: () => said.push('complete'),
      fail: (error) => said.push(`failed: ${String(error)}`),
    });
    return { connection, said, membership };
  };
  return { subscribe, [Symbol.asyncDispose]: () => tests[Symbol.asyncDispose]() };
}

const payload = (text: string) => JSON.stringify({ data: { state: text } });

test('a state is executed once for all who watch the same', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  const watchers = [await all.subscribe(), await all.subscribe(), await all.subscribe()];

  watched.tell(2, 'two');
  await vi.waitFor(() => expect(watchers[2]?.said).toHaveLength(2));

  for (const { said } of watchers) expect(said).toEqual([payload('one'), payload('two')]);
  expect(watched.executed).toHaveBeenCalledTimes(2);
});

test.each([
  ['another viewer', { owner: 'somebody else' }],
  [
    'other variables',
    { query: 'subscription ($name: String) { state(name: $name) }', variables: { name: 'b' } },
  ],
  ['another document', { query: 'subscription Other { state }' }],
])('%s shares nothing', async (_, other) => {
  const watched = new Watched();
  await using all = await stage(watched);
  const query =
    'query' in other && 'variables' in other ? { query: other.query, variables: { name: 'a' } } : {};
  await all.subscribe(query);
  await all.subscribe(other);

  watched.executed.mockClear();
  watched.tell(2, 'two');

  await vi.waitFor(() => expect(watched.executed).toHaveBeenCalledTimes(2));
});

test('what has become another thing under the same words shares nothing', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  await all.subscribe();
  watched.id = 'another thing';
  await all.subscribe();

  watched.executed.mockClear();
  watched.tell(2, 'two');

  await vi.waitFor(() => expect(watched.executed).toHaveBeenCalledTimes(2));
});

test('all that a viewer is stands in the key of a cohort', () => {
  const params = { document: { kind: 'Document', definitions: [] } } as never;
  const key = (...viewer: Parameters<typeof viewerOf>) =>
    cohortKey(params, { viewer: viewerOf(...viewer) } as Context, 'id');
  const watch = { taskId: 'a', rights: ['STATUS'] as const };

  expect(key('a', { scopes: ['admin', 'tasks:read'] })).toBe(key('a', { scopes: ['tasks:read', 'admin'] }));
  const different = [
    key('a', {}),
    key('b', {}),
    key('a', { scopes: ['tasks:read'] }),
    key('a', { watch }),
    key('a', { watch: { ...watch, taskId: 'b' } }),
    key('a', { watch: { ...watch, rights: ['STATUS', 'OUTPUT'] } }),
    key('a', { claims: { plan: 'free' } }),
  ];
  expect(new Set(different).size).toBe(different.length);
});

test('who comes later begins with the state now, never an older one', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  const first = await all.subscribe();
  // Read by the one who comes, before the others have heard of it.
  watched.now = { version: 5, text: 'five' };
  const second = await all.subscribe();

  expect(second.said).toEqual([payload('five')]);
  expect(first.said).toEqual([payload('one'), payload('five')]);
});

test('a state that takes time to execute is awaited by who comes meanwhile', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  const first = await all.subscribe();
  const gate = Promise.withResolvers<string>();
  watched.executed.mockReturnValueOnce(gate.promise);
  watched.tell(2, 'two');
  await vi.waitFor(() => expect(watched.executed).toHaveBeenCalledTimes(2));
  const second = await all.subscribe();
  expect(second.said).toEqual([]);

  gate.resolve('two');

  await vi.waitFor(() => expect(second.said).toEqual([payload('two')]));
  expect(first.said).toEqual([payload('one'), payload('two')]);
});

test('who waits for what turns out to look the same is told it', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  const first = await all.subscribe();
  const gate = Promise.withResolvers<string>();
  watched.executed.mockReturnValueOnce(gate.promise);
  watched.tell(2, 'two');
  await vi.waitFor(() => expect(watched.executed).toHaveBeenCalledTimes(2));
  const second = await all.subscribe();

  gate.resolve('one');

  await vi.waitFor(() => expect(second.said).toEqual([payload('one')]));
  expect(first.said).toEqual([payload('one')]);
});

test('what is heard of after somebody has read a newer state is not told', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  const first = await all.subscribe();
  watched.now = { version: 5, text: 'five' };
  const second = await all.subscribe();

  for (const version of [2, 3, 4, 5, 6]) watched.tell(version, version === 5 ? 'five' : `${version}`);

  await vi.waitFor(() => expect(first.said.at(-1)).toBe(payload('6')));
  expect(first.said).toEqual([payload('one'), payload('five'), payload('6')]);
  expect(second.said).toEqual([payload('five'), payload('6')]);
});

test('a state that is told again, as something beside it has changed, is never an older one than was told', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  watched.tell(5, 'five');
  const first = await all.subscribe();
  watched.now = { version: 6, text: 'six' };
  await all.subscribe();
  watched.executed.mockImplementation(({ text }) => `${text}, elsewhere`);

  watched.tell(5, 'five');

  await vi.waitFor(() => expect(first.said).toHaveLength(3));
  expect(first.said).toEqual([payload('five'), payload('six'), payload('six, elsewhere')]);
});

test('a watch that goes back, as its store has lost what was written, is told, and so is its end', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  const first = await all.subscribe();
  watched.tell(7, 'seven');
  watched.tell(5, 'five');
  await vi.waitFor(() => expect(first.said.at(-1)).toBe(payload('five')));
  watched.now = { version: 9, text: 'nine' };
  await all.subscribe();
  watched.tell(8, 'eight');
  watched.end();

  await vi.waitFor(() => expect(first.said.at(-1)).toBe('complete'));
  expect(first.said.slice(-3)).toEqual([payload('nine'), payload('eight'), 'complete']);
});

test.each([
  ['at once', () => ({ toJSON: () => fail() })],
  ['later', () => Promise.resolve({ toJSON: () => fail() })],
])('a state that can not be serialised ends it for all, %s, and the next one begins anew', async (_, bad) => {
  const watched = new Watched();
  await using all = await stage(watched);
  const first = await all.subscribe();
  watched.executed.mockImplementationOnce(bad as never);
  watched.now = { version: 2, text: 'two' };
  const second = await all.subscribe();
  for (const { said } of [first, second])
    await vi.waitFor(() => expect(said.at(-1)).toBe('failed: Error: no JSON'));
  expect(watched.ended).toHaveBeenCalledTimes(2);

  const third = await all.subscribe();

  expect(third.said).toEqual([payload('two')]);
});

function fail(): never {
  throw new Error('no JSON');
}

test('what looks the same is not told again', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  const { said } = await all.subscribe();

  watched.tell(2, 'one');
  watched.tell(3, 'three');

  await vi.waitFor(() => expect(said).toEqual([payload('one'), payload('three')]));
});

test('a slow client skips states and gets the last one, then the end', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  const slow = await all.subscribe();
  const quick = await all.subscribe();
  slow.connection.block();
  for (let version = 2; version <= 50; version += 1) watched.tell(version, `${version}`);
  watched.end();
  await vi.waitFor(() => expect(quick.said).toHaveLength(51));

  slow.connection.drain();

  expect(slow.said).toEqual([payload('one'), payload('50'), 'complete']);
  expect(quick.said.at(-1)).toBe('complete');
});

test('an error ends it for all', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  const watchers = [await all.subscribe(), await all.subscribe()];

  watched.end(new Error('gone'));

  for (const { said } of watchers) await vi.waitFor(() => expect(said.at(-1)).toBe('failed: Error: gone'));
});

test('the last one who leaves ends the watch; who comes after that begins another one', async () => {
  const watched = new Watched();
  await using all = await stage(watched);
  const watchers = [await all.subscribe(), await all.subscribe()];
  // Whoever joins looks once by itself.
  expect(watched.ended).toHaveBeenCalledTimes(1);

  for (const { membership } of watchers) if ('leave' in membership) membership.leave();
  const later = await all.subscribe();
  watched.tell(2, 'two');

  expect(watched.ended).toHaveBeenCalledTimes(2);
  await vi.waitFor(() => expect(later.said).toEqual([payload('one'), payload('two')]));
  for (const { said } of watchers) expect(said).toEqual([payload('one')]);
});

test('what is no state of one thing is followed by each client for itself', async () => {
  const watched = new Watched(false);
  await using all = await stage(watched);
  const slow = await all.subscribe();
  const quick = await all.subscribe();
  slow.connection.block();
  watched.tell(2, 'two');
  watched.tell(3, 'three');
  watched.end();
  await vi.waitFor(() => expect(quick.said.at(-1)).toBe('complete'));
  expect(slow.said).toEqual([payload('one')]);

  slow.connection.drain();

  // Nothing is skipped: what was told of a list or a log can't be left out.
  await vi.waitFor(() =>
    expect(slow.said).toEqual([payload('one'), payload('two'), payload('three'), 'complete']),
  );
});
