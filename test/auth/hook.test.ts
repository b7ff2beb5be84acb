import pino from 'pino';
import { expect, test } from 'vitest';
import { type Authenticate, HookWay } from '../../src/auth/hook.ts';
import { UnauthenticatedError, UnavailableError } from '../../src/errors.ts';
import { bearer } from '../support/auth.ts';

/** The way of a function, and what it logs. */
function stage(hook: Authenticate, timeoutMs?: number) {
  let log = '';
  const logger = pino({ level: 'debug' }, { write: (line: string) => (log += line) });
  return { way: new HookWay(hook, logger, timeoutMs), log: () => log };
}

test('a function of your own gets what the client shows, and says who that is', async () => {
  const seen: unknown[] = [];
  const { way } = stage(async (request) => {
    seen.push(request);
    return {
      owner: 'acme',
      scopes: ['tasks:read'],
      claims: { role: 'x' },
      expiresAt: new Date('2100-01-01'),
    };
  });
  const credentials = bearer('t', { headers: { cookie: 'a=b' }, params: { x: 1 }, address: '127.0.0.9' });

  const session = await way.authenticate(credentials);

  expect(seen).toEqual([{ token: 't', headers: { cookie: 'a=b' }, params: { x: 1 }, address: '127.0.0.9' }]);
  expect(session).toMatchObject({ credential: 'hook', expiresAt: Date.parse('2100-01-01') });
  expect(session?.viewer).toMatchObject({
    owner: 'acme',
    scopes: new Set(['tasks:read']),
    claims: { role: 'x' },
  });
});

test.each([null, undefined])('where it gives %s it could not tell', async (nobody) => {
  expect(await stage(() => nobody).way.authenticate(bearer('t'))).toBeUndefined();
});

const bad: [string, unknown, string][] = [
  ['true', true, 'expected authenticate to return { owner, scopes } or null, got boolean'],
  ['a list', [], 'got an array'],
  ['no owner', { scopes: [] }, 'owner, as authenticate returned it: Expected 1 to 200 characters'],
  [
    'the owner of whoever has not signed in',
    { owner: 'anonymous', scopes: [] },
    'owner, as authenticate returned it: Expected another name than anonymous',
  ],
  ['a number as owner', { owner: 7, scopes: [] }, 'got number'],
  ['no scopes', { owner: 'a' }, 'to return scopes as an array, got undefined'],
  ['scopes in a text', { owner: 'a', scopes: 'admin' }, 'to return scopes as an array, got string'],
  ['an unknown scope', { owner: 'a', scopes: ['root'] }, 'tasks:read, tasks:write, queues:manage'],
  [
    'claims that are none',
    { owner: 'a', scopes: [], claims: [] },
    'to return claims as an object, got an array',
  ],
  [
    'an end that is none',
    { owner: 'a', scopes: [], expiresAt: 'soon' },
    'as a Date or in ms since 1970, got string',
  ],
  [
    'an end in seconds',
    { owner: 'a', scopes: [], expiresAt: 1_900_000_000 },
    'in ms since 1970, got 1900000000',
  ],
  [
    'an end that is no time',
    { owner: 'a', scopes: [], expiresAt: new Date('x') },
    'in ms since 1970, got object',
  ],
];
test.each(bad)('%s lets nobody in, and the log says what was expected', async (_, answer, said) => {
  const { way, log } = stage(() => answer as null);

  await expect(way.authenticate(bearer('t'))).rejects.toThrow(UnavailableError);
  expect(JSON.parse(log()).err.message).toContain(said);
});

test('what it throws is logged and not told, and turns nobody away for good', async () => {
  const { way, log } = stage(() => {
    throw new Error('the database says topsecret');
  });

  const refusal = await way.authenticate(bearer('t')).catch((error: unknown) => error);

  expect(refusal).toBeInstanceOf(UnavailableError);
  expect(String(refusal)).toBe('UnavailableError: Signing in fails right now. Try again in a few seconds.');
  expect(log()).toContain('the database says topsecret');
});

test('it may say why it refuses, by an UnauthenticatedError', async () => {
  const { way, log } = stage(() => {
    throw new UnauthenticatedError('Your trial is over.');
  });

  await expect(way.authenticate(bearer('t'))).rejects.toThrow('Your trial is over.');
  expect(log()).toBe('');
});

test('who has expired already is turned away', async () => {
  const { way } = stage(() => ({ owner: 'a', scopes: [], expiresAt: Date.now() - 1 }));

  await expect(way.authenticate(bearer('t'))).rejects.toThrow(UnauthenticatedError);
});

test('a function that never answers is given up', async () => {
  const { way, log } = stage(() => new Promise<null>(() => {}), 50);

  await expect(way.authenticate(bearer('t'))).rejects.toThrow(UnavailableError);
  expect(log()).toContain('took longer than 50 ms');
});
