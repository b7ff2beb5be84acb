import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { setToken } from '../../src/dashboard/client/token.ts';
import { draftOf, keepDraft } from '../../src/dashboard/pages/enqueue/draft.ts';

beforeEach(() => {
  const storage = { setItem() {}, removeItem() {} };
  vi.stubGlobal('sessionStorage', storage);
  vi.stubGlobal('localStorage', storage);
});

afterEach(() => void vi.unstubAllGlobals());

const schema = {
  type: 'object',
  properties: { to: { type: 'string' }, password: { type: 'string', writeOnly: true } },
  required: ['to'],
};
const filledIn = { input: { to: 'ann', password: 'hunter2' }, options: { priority: 5 } };

test('what was filled in is there again, but for its secrets', () => {
  keepDraft('send', filledIn, schema);

  expect(draftOf('send', schema, '')).toEqual({ input: { to: 'ann' }, options: { priority: 5 } });
});

test('who signs in by another token finds nothing of what was filled in', () => {
  keepDraft('send', filledIn, schema);

  setToken(undefined);

  expect(draftOf('send', schema, '')).toEqual({ input: {}, options: {} });
});
