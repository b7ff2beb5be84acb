import { expect, test } from 'vitest';
import { newToken } from '../../src/worker/token.ts';

test('no two tokens are the same, however many are made', () => {
  const tokens = Array.from({ length: 2_000 }, newToken);

  expect(new Set(tokens).size).toBe(2_000);
  for (const token of tokens) expect(token).toMatch(/^[\w-]{16}$/);
});
