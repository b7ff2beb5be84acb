import { afterEach, expect, test, vi } from 'vitest';
import { openAuthentication } from '../../src/auth/authentication.ts';
import { authenticatorOf, type Way } from '../../src/auth/authenticator.ts';
import type { Session } from '../../src/auth/session.ts';
import { viewerOf } from '../../src/auth/viewer.ts';
import { ConfigurationError, UnauthenticatedError } from '../../src/errors.ts';
import { bearer, TestApiTokens } from '../support/auth.ts';
import { audience, issuer, secret, sign } from '../support/jwt.ts';
import { testLogger } from '../support/stores.ts';

afterEach(() => {
  vi.useRealTimers();
});

function sessionOf(owner: string, expiresAt?: number): Session {
  return { viewer: viewerOf(owner, {}), credential: 'hook', expiresAt };
}

test('each kind of token goes its way, and a function of your own is asked about the rest', async () => {
  await using app = await TestApiTokens.start();
  const asked: unknown[] = [];
  const { authenticator, apiTokens } = await openAuthentication(
    {
      tokens: true,
      jwt: { secret, issuer, audience },
      authenticate: ({ token, headers }) => {
        asked.push(token);
        return headers.cookie === 'session=1' ? { owner: 'cookie', scopes: [] } : null;
      },
    },
    { redis: app.settings, connection: app.redis, logger: testLogger },
  );
  const made = await apiTokens?.create({ owner: 'machine', scopes: ['tasks:read'] });
  const owner = async (token: string | undefined, cookie?: string) =>
    (await authenticator.authenticate(bearer(token, { headers: { cookie } }))).viewer.owner;

  expect(await owner(made?.token)).toBe('machine');
  expect(await owner(await sign({ sub: 'user' }))).toBe('user');
  expect(asked).toEqual([]);
  expect(await owner(undefined, 'session=1')).toBe('cookie');
  // Whose token isn't valid isn't let in by what else it brings.
  await expect(owner('twk_x', 'session=1')).rejects.toThrow(UnauthenticatedError);
  await expect(owner(await sign({ iss: 'other' }), 'session=1')).rejects.toThrow(UnauthenticatedError);
  await expect(owner('other')).rejects.toThrow(UnauthenticatedError);
  expect(asked).toEqual([undefined, 'other']);
  authenticator.close();
});

test('a way that is not named lets nobody in', async () => {
  await using app = await TestApiTokens.start();
  const parts = { redis: app.settings, connection: app.redis, logger: testLogger };
  const { token } = await app.tokens.create({ owner: 'machine', scopes: ['admin'] });
  const { authenticator } = await openAuthentication({ jwt: { secret, issuer, audience } }, parts);

  await expect((async () => authenticator.authenticate(bearer(token)))()).rejects.toThrow(
    UnauthenticatedError,
  );
  for (const none of [{}, { tokens: false }, undefined]) {
    await expect(openAuthentication(none, parts)).rejects.toThrow(ConfigurationError);
  }
  authenticator.close();
});

test('a session ends at its time, once, however far away that is', () => {
  vi.useFakeTimers();
  const authenticator = authenticatorOf([]);
  const day = 86_400_000;
  const ends: string[] = [];
  authenticator.hold(sessionOf('a', Date.now() + 60_000), (why) => ends.push(`minute ${why}`));
  authenticator.hold(sessionOf('a', Date.now() + 40 * day), (why) => ends.push(`40 days ${why}`));
  authenticator.hold(sessionOf('a', Date.now() - 1), (why) => ends.push(`past ${why}`));
  authenticator.hold(sessionOf('a'), () => ends.push('never'));
  authenticator.hold(sessionOf('a', Date.now() + 60_000), () => ends.push('left'))();

  vi.advanceTimersByTime(59_000);
  expect(ends).toEqual(['past EXPIRED']);
  vi.advanceTimersByTime(2_000);
  expect(ends).toEqual(['past EXPIRED', 'minute EXPIRED']);
  vi.advanceTimersByTime(39 * day);
  expect(ends).toHaveLength(2);
  vi.advanceTimersByTime(day);

  expect(ends).toEqual(['past EXPIRED', 'minute EXPIRED', '40 days EXPIRED']);
});

test('who was told that a session is revoked is not told that it has expired, too', () => {
  vi.useFakeTimers();
  let revoke = () => {};
  const way: Way = {
    authenticate: () => undefined,
    hold: (_, revoked) => {
      revoke = revoked;
      return () => {};
    },
  };
  const ends: string[] = [];
  authenticatorOf([way]).hold(sessionOf('a', Date.now() + 1_000), (why) => ends.push(why));

  revoke();
  vi.advanceTimersByTime(2_000);

  expect(ends).toEqual(['REVOKED']);
});
