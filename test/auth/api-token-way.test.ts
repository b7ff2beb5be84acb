import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, expect, test, vi } from 'vitest';
import { authenticatorOf } from '../../src/auth/authenticator.ts';
import { UnauthenticatedError, UnavailableError } from '../../src/errors.ts';
import { bearer, TestApiTokens } from '../support/auth.ts';
import { RedisServer } from '../support/redis-server.ts';
import { redisServerPath } from '../support/stores.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

/** Lets what was found grow old, and nothing else. */
function passTime(ms: number): void {
  const now = performance.now() + ms;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
}

test('a token signs its owner in with its scopes, in every process', async () => {
  await using app = await TestApiTokens.start();
  await using other = await TestApiTokens.start(app.settings);
  const { token, apiToken } = await app.tokens.create({ owner: 'acme', scopes: ['tasks:read'] });

  const session = await other.way.authenticate(bearer(token));

  expect(session).toMatchObject({ credential: `token:${apiToken.id}`, expiresAt: undefined });
  expect(session?.viewer).toMatchObject({ owner: 'acme', scopes: new Set(['tasks:read']), watch: undefined });
});

test('what is no API token is left to the other ways', async () => {
  await using app = await TestApiTokens.start();

  for (const token of [undefined, '', 'tww_x', 'eyJ.e.s', 'secret', 'TWK_x']) {
    expect(await app.way.authenticate(bearer(token))).toBeUndefined();
  }
});

test('a forged token is refused: of another secret, another id, cut off or with more at its end', async () => {
  await using app = await TestApiTokens.start();
  const { token, apiToken } = await app.tokens.create({ owner: 'acme', scopes: ['admin'] });
  const other = await app.tokens.create({ owner: 'shop', scopes: ['tasks:read'] });
  const secret = token.slice(-43);
  const forged = [
    `twk_${apiToken.id}_${other.token.slice(-43)}`,
    `twk_${other.apiToken.id}_${secret}`,
    `twk_0000000000000000_${secret}`,
    `twk_${apiToken.id}_`,
    'twk_',
    token.slice(0, -1),
    `${token}A`,
    `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
    token.toUpperCase().replace('TWK', 'twk'),
    `twk_used:${apiToken.id}_${secret}`,
    // What the store has instead of the secret.
    `twk_${apiToken.id}_${crypto.hash('sha256', secret, 'base64url')}`,
  ];
  // Found and remembered, as well as for the first time.
  for (const _ of [1, 2]) {
    const attempts = forged.map(async (token) => app.way.authenticate(bearer(token)));
    const results = await Promise.allSettled(attempts);
    expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual(
      forged.map(() => expect.any(UnauthenticatedError)),
    );
    await app.way.authenticate(bearer(token));
  }
});

test('a secret is compared in a time that does not tell how much of it is right', async () => {
  await using app = await TestApiTokens.start();
  const { token } = await app.tokens.create({ owner: 'acme', scopes: ['admin'] });
  const compare = vi.spyOn(crypto, 'timingSafeEqual');
  syncBuiltinESMExports();

  await app.way.authenticate(bearer(token));
  await app.way.authenticate(bearer(token));

  expect(compare).toHaveBeenCalledTimes(2);
});

test('a token that has expired is refused by its time, also where it is remembered', async () => {
  await using app = await TestApiTokens.start();
  const { token, apiToken } = await app.tokens.create({
    owner: 'acme',
    scopes: ['admin'],
    expiresInMs: 3_600_000,
  });
  await app.way.authenticate(bearer(token));
  vi.useFakeTimers({ toFake: ['Date'], now: (apiToken.expiresAt ?? 0) + 1 });

  expect(() => app.way.authenticate(bearer(token))).toThrow('This API token has expired.');
});

test('many requests with a token ask the store once in two seconds', async () => {
  await using app = await TestApiTokens.start();
  const { token } = await app.tokens.create({ owner: 'acme', scopes: ['admin'] });
  const find = vi.spyOn(app.tokens, 'find');

  await Promise.all(Array.from({ length: 50 }, async () => app.way.authenticate(bearer(token))));
  expect(app.way.authenticate(bearer(token))).not.toBeInstanceOf(Promise);
  expect(find).toHaveBeenCalledTimes(1);
  passTime(2_001);
  await app.way.authenticate(bearer(token));

  expect(find).toHaveBeenCalledTimes(2);
});

test('only tokens that there are are remembered, and at most ten thousand of them', async () => {
  await using app = await TestApiTokens.start();
  const { token, apiToken } = await app.tokens.create({ owner: 'acme', scopes: ['admin'] });
  const stored = await app.tokens.find(apiToken.id);
  const id = (index: number) => index.toString(16).padStart(16, '0');
  for (let index = 0; index < 100; index += 1) {
    await expect(app.way.authenticate(bearer(`twk_${id(index)}_${token.slice(-43)}`))).rejects.toThrow(
      UnauthenticatedError,
    );
  }
  expect(app.way.cached).toBe(0);
  // As if there were as many as there may be, and more.
  vi.spyOn(app.tokens, 'find').mockImplementation(async () => stored);
  vi.spyOn(app.tokens, 'touch').mockImplementation(async () => undefined);
  for (let index = 0; index < 10_050; index += 1) {
    await app.way.authenticate(bearer(`twk_${id(index)}_${token.slice(-43)}`));
  }

  expect(app.way.cached).toBe(10_000);
});

test('the use of a token is noted, at most once a minute', async () => {
  await using app = await TestApiTokens.start();
  const { token, apiToken } = await app.tokens.create({ owner: 'acme', scopes: ['admin'] });
  const touch = vi.spyOn(app.tokens, 'touch');
  await app.way.authenticate(bearer(token));
  await vi.waitFor(async () => {
    expect((await app.tokens.find(apiToken.id))?.apiToken.lastUsedAt).toBeGreaterThan(0);
  });
  passTime(2_001);

  await app.way.authenticate(bearer(token));

  expect(touch).toHaveBeenCalledTimes(1);
});

test('a revocation reaches who is signed in to another process at once, and keeps others out', async () => {
  await using app = await TestApiTokens.start();
  await using other = await TestApiTokens.start(app.settings);
  const { token, apiToken } = await app.tokens.create({ owner: 'acme', scopes: ['admin'] });
  const kept = await app.tokens.create({ owner: 'shop', scopes: ['admin'] });
  const authenticator = authenticatorOf([other.way]);
  const [session, keptSession] = await Promise.all([
    authenticator.authenticate(bearer(token)),
    authenticator.authenticate(bearer(kept.token)),
  ]);
  const keptEnd = vi.fn<(why: string) => void>();
  authenticator.hold(keptSession, keptEnd);
  const ended = new Promise((resolve) => {
    authenticator.hold(session, resolve);
  });
  const startedAt = performance.now();

  await app.tokens.revoke(apiToken.id);

  expect(await ended).toBe('REVOKED');
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  await expect((async () => authenticator.authenticate(bearer(token)))()).rejects.toThrow(
    UnauthenticatedError,
  );
  expect(keptEnd).not.toHaveBeenCalled();
});

test('a revocation that nobody was told of is found within five seconds', async () => {
  await using app = await TestApiTokens.start();
  const { token, apiToken } = await app.tokens.create({ owner: 'acme', scopes: ['admin'] });
  const authenticator = authenticatorOf([app.way]);
  const session = await authenticator.authenticate(bearer(token));
  const ends: string[] = [];
  const first = Promise.withResolvers<void>();
  // Two who hold it, one of whom has left.
  authenticator.hold(session, () => ends.push('left'))();
  authenticator.hold(session, (why) => {
    ends.push(why);
    first.resolve();
  });
  const startedAt = performance.now();

  await app.redis.hdel(`${app.settings.prefix}:tokens`, apiToken.id);

  await first.promise;
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(ends).toEqual(['REVOKED']);
});

test.skipIf(redisServerPath === undefined)(
  'while Redis is away nobody new is let in or turned away, and who is signed in stays',
  async () => {
    await using server = await RedisServer.start(redisServerPath ?? '');
    await using app = await TestApiTokens.start({ url: server.url, prefix: 'away' });
    const held = await app.tokens.create({ owner: 'acme', scopes: ['admin'] });
    const fresh = await app.tokens.create({ owner: 'shop', scopes: ['admin'] });
    const authenticator = authenticatorOf([app.way]);
    const ended = vi.fn<(why: string) => void>();
    authenticator.hold(await authenticator.authenticate(bearer(held.token)), ended);
    const look = vi.spyOn(app.tokens, 'revokedOf');
    await server.end('SIGKILL');

    await expect((async () => authenticator.authenticate(bearer(fresh.token)))()).rejects.toThrow(
      UnavailableError,
    );
    await vi.waitFor(() => expect(look).toHaveBeenCalled(), { timeout: 10_000 });
    await expect(look.mock.results[0]?.value).rejects.toThrow(UnavailableError);

    expect(ended).not.toHaveBeenCalled();
  },
);
