import { expectTypeOf, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import type { Tasks } from '../../src/tasks/tasks.ts';

const fetchPage = defineTask({
  name: 'fetchPage',
  input: (t) => ({ url: t.field({ type: 'URL', required: true }), depth: t.int() }),
  run: () => undefined,
});

test('backend code gets the input of a definition checked', () => {
  const enqueue = (tasks: Tasks) => [
    tasks.enqueue(fetchPage, { url: new URL('http://127.0.0.1') }),
    tasks.enqueue(fetchPage, { url: 'http://127.0.0.1', depth: 1 }, { tags: ['a'] }),
    tasks.enqueue('fetchPage', { anything: true }),
    // @ts-expect-error -- the URL is required
    tasks.enqueue(fetchPage, { depth: 1 }),
    // @ts-expect-error -- not a field
    tasks.enqueue(fetchPage, { url: 'http://127.0.0.1', ulr: 5 }),
    // @ts-expect-error -- not a number
    tasks.enqueue(fetchPage, { url: 'http://127.0.0.1', depth: 'deep' }),
  ];
  expectTypeOf(enqueue).returns.toBeArray();
});
