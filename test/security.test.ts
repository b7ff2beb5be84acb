import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);

test('SECURITY.md names only tests and documents that there are', async () => {
  const text = await readFile(new URL('SECURITY.md', root), 'utf8');
  const named = [...text.matchAll(/`(test\/[\w./-]+)`|\]\((docs\/[\w.-]+)\)/g)].map(
    ([, path, doc]) => path ?? doc ?? '',
  );

  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
});
