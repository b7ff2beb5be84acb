import { expectTypeOf, test } from 'vitest';
import { defineTask, type Child, type TaskContext } from '../../src/index.ts';

const page = defineTask({
  name: 'page',
  input: (t) => ({ url: t.field({ type: 'URL', required: true }), depth: t.int() }),
  output: (t) => ({
    url: t.field({ type: 'URL' }),
    at: t.field({ type: 'DateTimeISO', nullable: true }),
    links: t.objectList('Link', (t) => ({ to: t.field({ type: 'URL' }), title: t.string() })),
    kind: t.enum('PageKind', ['HTML', 'PDF']),
    any: t.field({ type: 'JSON' }),
  }),
  run: () => ({ url: 'http://127.0.0.1', links: [], kind: 'HTML', any: 1 }),
});
const nothing = defineTask({ name: 'nothing', run() {} });

interface Page {
  readonly url: URL;
  readonly at?: Date | null | undefined;
  readonly links: readonly { readonly to: URL; readonly title: string }[];
  readonly kind: 'HTML' | 'PDF';
  readonly any: unknown;
}

test("a child's output has the types that its definition says", async () => {
  const use = async ({ enqueue, all }: TaskContext) => {
    const child = await enqueue(page, { url: 'http://127.0.0.1' }, { weight: 2 });
    expectTypeOf(child).toEqualTypeOf<Child<Page>>();
    const none = await enqueue(nothing, {});
    expectTypeOf(none.result()).toEqualTypeOf<Promise<void>>();
    const maybe = await enqueue(page, { url: new URL('http://127.0.0.1') }, { failure: 'IGNORE' });
    expectTypeOf(maybe.result()).toEqualTypeOf<Promise<Page | undefined>>();
    expectTypeOf(await enqueue('page', { any: 1 })).toEqualTypeOf<Child>();

    expectTypeOf(await all([child, none, maybe])).toEqualTypeOf<readonly [Page, void, Page | undefined]>();
    expectTypeOf(await all([child], { failure: 'IGNORE' })).toEqualTypeOf<readonly [Page | undefined]>();
    const many = await Promise.all([1, 2].map((depth) => enqueue(page, { url: 'http://127.0.0.1', depth })));
    expectTypeOf(await all(many)).toEqualTypeOf<readonly Page[]>();
    expectTypeOf(await all(many, { failure: 'IGNORE' })).toEqualTypeOf<readonly (Page | undefined)[]>();
  };
  expectTypeOf(use).toBeFunction();
});

test("a child's input and options are checked", () => {
  const use = ({ enqueue }: TaskContext) => [
    // @ts-expect-error -- the URL is required
    enqueue(page, { depth: 1 }),
    // @ts-expect-error -- not a number
    enqueue(page, { url: 'http://127.0.0.1', depth: 'deep' }),
    // @ts-expect-error -- misspelt
    enqueue(page, { url: 'http://127.0.0.1' }, { wieght: 1 }),
    // @ts-expect-error -- whose it is isn't for a run to say
    enqueue(page, { url: 'http://127.0.0.1' }, { owner: 'ada' }),
    // @ts-expect-error -- no definition
    enqueue({ run: () => 1 }, {}),
  ];
  expectTypeOf(use).returns.toBeArray();
});
