// oxlint-disable vitest/expect-expect -- the compiler asserts: a `@ts-expect-error` without an error is one
import { GraphQLScalarType } from 'graphql';
import { describe, expectTypeOf, test } from 'vitest';
import { defineTask, type TaskDefinition } from '../../src/index.ts';
import type { Scalars } from '../../src/definition/scalars.ts';

interface Color {
  readonly red: number;
}

// As a user writes it with `declare module 'taskwire'`.
declare module '../../src/index.ts' {
  interface Scalars {
    Color: { Input: Color; Output: Color | string };
  }
}

const color = new GraphQLScalarType<Color, string>({ name: 'Color' });

describe('an input', () => {
  test('gives the argument of `run` its type', () => {
    defineTask({
      name: 'resizeImage',
      input: (t) => ({
        url: t.field({ type: 'URL', required: true }),
        width: t.int({ required: true }),
        height: t.int(),
        since: t.field({ type: 'DateTimeISO', required: true }),
        tags: t.stringList({ required: true }),
        addresses: t.field({ type: ['EmailAddress'], required: { list: true, items: false } }),
        format: t.enum('ImageFormat', ['JPEG', 'PNG'], { required: true, defaultValue: 'PNG' }),
        mode: t.enum('Mode', { FAST: 'Quick.', FINE: 'Slow.' }),
        steps: t.enumList('Step', ['CROP', 'BLUR'], { required: true }),
        size: t.object('Size', (t) => ({ depth: t.float({ required: true }), unit: t.string() }), {
          required: true,
        }),
        rows: t.objectList('Row', (t) => ({ id: t.id({ required: true }) })),
      }),
      run(input) {
        expectTypeOf(input.url).toEqualTypeOf<URL>();
        expectTypeOf(input.width).toEqualTypeOf<number>();
        expectTypeOf(input.height).toEqualTypeOf<number | null | undefined>();
        expectTypeOf(input.since).toEqualTypeOf<Date>();
        expectTypeOf(input.tags).toEqualTypeOf<string[]>();
        expectTypeOf(input.addresses).toEqualTypeOf<(string | null | undefined)[]>();
        expectTypeOf(input.format).toEqualTypeOf<'JPEG' | 'PNG'>();
        expectTypeOf(input.mode).toEqualTypeOf<'FAST' | 'FINE' | null | undefined>();
        expectTypeOf(input.steps).toEqualTypeOf<('CROP' | 'BLUR')[]>();
        expectTypeOf(input.size.depth).toEqualTypeOf<number>();
        expectTypeOf(input.size.unit).toEqualTypeOf<string | null | undefined>();
        expectTypeOf(input.rows).toEqualTypeOf<{ id: string }[] | null | undefined>();
        // @ts-expect-error -- no such field
        expectTypeOf(input.colour);
      },
    });
  });

  test('may be left out', () => {
    const tick = defineTask({ name: 'tick', run() {} });
    expectTypeOf(tick).toEqualTypeOf<TaskDefinition<{}, void>>();
  });

  test('knows only scalars that exist, and their own values as defaults', () => {
    // @ts-expect-error -- no such scalar
    defineTask({ name: 'a1', input: (t) => ({ x: t.field({ type: 'Colour' }) }), run() {} });
    // @ts-expect-error -- a number wants a number
    defineTask({ name: 'a1', input: (t) => ({ x: t.int({ defaultValue: '1' }) }), run() {} });
    defineTask({
      name: 'a1',
      // @ts-expect-error -- not one of the enum's names
      input: (t) => ({ x: t.enum('Size', ['S', 'M'], { defaultValue: 'L' }) }),
      run() {},
    });
  });

  test("may use a user's own scalar, in the output, too", () => {
    defineTask({
      name: 'paintWall',
      scalars: { Color: color },
      input: (t) => ({ color: t.field({ type: 'Color', required: true }) }),
      output: (t) => ({ mixed: t.field({ type: 'Color' }), all: t.field({ type: ['Color'] }) }),
      run(input) {
        expectTypeOf(input.color).toEqualTypeOf<Color>();
        return { mixed: 'red', all: [{ red: 1 }, 'blue'] };
      },
    });
    expectTypeOf<Scalars['Color']>().toEqualTypeOf<{ Input: Color; Output: Color | string }>();
  });

  test('gives the callbacks of other options their type', () => {
    defineTask({
      name: 'a1',
      input: (t) => ({ tenant: t.string({ required: true }) }),
      validate: (input) => (expectTypeOf(input.tenant).toEqualTypeOf<string>(), undefined),
      limit: { concurrency: 1, key: (input) => input.tenant },
      debounce: { key: ({ tenant }) => tenant, wait: '1s' },
      authorize: ({ viewer, input }) => viewer.owner === input?.tenant,
      run() {},
    });
    defineTask({
      name: 'a1',
      input: (t) => ({ tenant: t.int({ required: true }) }),
      // @ts-expect-error -- the key is a string
      limit: { concurrency: 1, key: (input) => input.tenant },
      run() {},
    });
  });
});

describe('an output', () => {
  test('is checked against what `run` returns, before and after it', () => {
    const before = defineTask({
      name: 'a1',
      input: (t) => ({ width: t.int({ required: true }) }),
      output: (t) => ({ bytes: t.int(), format: t.enum('ImageFormat', ['JPEG', 'PNG']) }),
      async run({ width }, { progress }) {
        await progress({ fraction: 0.5, message: 'halfway' });
        return { bytes: width * 2, format: 'JPEG' };
      },
    });
    const after = defineTask({
      name: 'a1',
      input: (t) => ({ width: t.int({ required: true }) }),
      async run({ width }, { progress }) {
        await progress({ fraction: 0.5, message: 'halfway' });
        return { bytes: width * 2, format: 'JPEG' };
      },
      output: (t) => ({ bytes: t.int(), format: t.enum('ImageFormat', ['JPEG', 'PNG']) }),
    });
    type Expected = TaskDefinition<
      { width: number },
      { readonly bytes: number; readonly format: 'JPEG' | 'PNG' }
    >;
    expectTypeOf(before).toEqualTypeOf<Expected>();
    expectTypeOf(after).toEqualTypeOf<Expected>();
  });

  test('may come from elsewhere, from branches, and be deep', () => {
    const fetched = async (): Promise<{ bytes: number; at: Date }> => ({ bytes: 1, at: new Date() });
    defineTask({
      name: 'a1',
      output: (t) => ({ bytes: t.int(), at: t.field({ type: 'DateTimeISO' }) }),
      run: () => fetched(),
    });
    defineTask({
      name: 'a1',
      output: (t) => ({
        bytes: t.int({ nullable: true }),
        kind: t.enum('Kind', { A: 'First.', B: 'Second.' }),
      }),
      async run(_input, { attempt }) {
        if (attempt > 1) return { kind: 'A' };
        return { bytes: null, kind: 'B' };
      },
    });
    defineTask({
      name: 'a1',
      output: (t) => ({
        rows: t.objectList('Row', (t) => ({ cells: t.list(t.float({ nullable: true })), note: t.string() })),
        best: t.object('Row2', (t) => ({ id: t.id(), tags: t.stringList() }), { nullable: true }),
        any: t.field({ type: 'JSON' }),
      }),
      run: () => ({
        rows: [1, 2].map((n) => ({ cells: [n, null], note: 'x' })),
        best: { id: 7, tags: ['x'] },
        any: { deep: [1, { deeper: true }] },
      }),
    });
  });

  test('refuses what is missing, extra or of another type', () => {
    defineTask({
      name: 'a1',
      output: (t) => ({ bytes: t.int(), name: t.string() }),
      // @ts-expect-error -- name is missing
      run: () => ({ bytes: 1 }),
    });
    defineTask({
      name: 'a1',
      // @ts-expect-error -- name is missing
      run: () => ({ bytes: 1 }),
      output: (t) => ({ bytes: t.int(), name: t.string() }),
    });
    defineTask({
      name: 'a1',
      output: (t) => ({ bytes: t.int() }),
      // @ts-expect-error -- bytes is a number
      run: async () => ({ bytes: '1' }),
    });
    defineTask({
      name: 'a1',
      output: (t) => ({ bytes: t.int() }),
      // @ts-expect-error -- extra isn't declared
      run: async () => ({ bytes: 1, extra: 2 }),
    });
    defineTask({
      name: 'a1',
      // @ts-expect-error -- extra isn't declared
      run: async () => ({ bytes: 1, extra: 2 }),
      output: (t) => ({ bytes: t.int() }),
    });
    defineTask({
      name: 'a1',
      output: (t) => ({ rows: t.objectList('Row', (t) => ({ id: t.int() })) }),
      // @ts-expect-error -- extra isn't declared, deep inside
      run: () => ({ rows: [1].map((id) => ({ id, extra: 1 })) }),
    });
    defineTask({
      name: 'a1',
      output: (t) => ({ format: t.enum('ImageFormat', ['JPEG', 'PNG']) }),
      // @ts-expect-error -- not one of the enum's names
      run: () => ({ format: 'GIF' }),
    });
    defineTask({
      name: 'a1',
      output: (t) => ({ bytes: t.int() }),
      // @ts-expect-error -- not nullable
      run: () => ({ bytes: null }),
    });
    // @ts-expect-error -- nothing returned
    defineTask({ name: 'a1', output: (t) => ({ bytes: t.int() }), run() {} });
  });

  test('left out means that `run` returns nothing', () => {
    defineTask({ name: 'a1', async run() {} });
    // @ts-expect-error -- there is no output
    defineTask({ name: 'a1', run: () => ({ bytes: 1 }) });
    defineTask({
      name: 'a1',
      input: (t) => ({ width: t.int() }),
      // @ts-expect-error -- there is no output
      run: async ({ width }) => ({ width }),
    });
  });
});

describe('the options', () => {
  test('are those that exist, with values that they take', () => {
    defineTask({
      name: 'a1',
      description: 'x',
      queue: 'images',
      retry: { attempts: 5, backoff: { initial: '500ms', factor: 3, max: '1h', jitter: 0.5 } },
      timeout: '30s',
      grace: 0,
      deadline: '1.5h',
      expiresIn: 60_000,
      retention: { success: '1d' },
      schedule: [{ cron: '0 3 * * *', timeZone: 'Europe/Berlin' }, { every: '1h' }],
      run() {},
    });
    // @ts-expect-error -- a unit that doesn't exist
    defineTask({ name: 'a1', timeout: '30 seconds', run() {} });
    // @ts-expect-error -- misspelt
    defineTask({ name: 'a1', retires: 3, run() {} });
    // @ts-expect-error -- misspelt
    defineTask({ name: 'a1', retry: { attemps: 3 }, run() {} });
    // @ts-expect-error -- no name
    defineTask({ run() {} });
    // @ts-expect-error -- no run
    defineTask({ name: 'a1' });
  });
});

test('any field can be secret, which changes nothing about its type', () => {
  const login = defineTask({
    name: 'login',
    input: (t) => ({
      password: t.string({ required: true, secret: true }),
      urls: t.field({ type: ['URL'], secret: true }),
      pins: t.intList({ secret: true }),
      mode: t.enum('Mode', ['FAST'], { secret: true }),
      proxy: t.object('Proxy', (t) => ({ token: t.id({ secret: true }) }), { secret: true }),
      // @ts-expect-error -- yes or no
      user: t.string({ secret: 'yes' }),
    }),
    output: (t) => ({
      cookie: t.string({ secret: true }),
      pages: t.objectList('Page', (t) => ({ grant: t.int({ secret: true, nullable: true }) })),
      // @ts-expect-error -- yes or no
      other: t.int({ secret: 1 }),
    }),
    run(input) {
      expectTypeOf(input.password).toEqualTypeOf<string>();
      expectTypeOf(input.urls).toEqualTypeOf<URL[] | null | undefined>();
      expectTypeOf(input.mode).toEqualTypeOf<'FAST' | null | undefined>();
      return { cookie: input.password, pages: [{ grant: null }], other: 1 };
    },
  });
  expectTypeOf(login).toExtend<TaskDefinition>();
});

test('a definition of any kind is a TaskDefinition', () => {
  const double = defineTask({
    name: 'double',
    input: (t) => ({ n: t.int({ required: true }) }),
    output: (t) => ({ n: t.int() }),
    run: ({ n }) => ({ n: n * 2 }),
  });
  expectTypeOf(double).toExtend<TaskDefinition>();
  const all: TaskDefinition[] = [double];
  expectTypeOf(all).toBeArray();
});
