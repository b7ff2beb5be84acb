import { expect, test } from 'vitest';
import { BadUserInputError, UnavailableError } from '../../src/errors.ts';
import { TestApiTokens } from '../support/auth.ts';
import { RedisServer } from '../support/redis-server.ts';
import { redisServerPath } from '../support/stores.ts';

test('a token is made with 256 bits of chance, and shown once: the store has only its hash', async () => {
  await using app = await TestApiTokens.start();

  const { token, apiToken } = await app.tokens.create({
    owner: 'acme',
    scopes: ['tasks:write', 'tasks:read'],
    name: 'shop',
    expiresInMs: 60_000,
  });

  expect(token).toMatch(new RegExp(`^twk_${apiToken.id}_[\\w-]{43}$`));
  expect(apiToken).toMatchObject({ owner: 'acme', name: 'shop', scopes: ['tasks:read', 'tasks:write'] });
  expect(apiToken.expiresAt).toBe(apiToken.createdAt + 60_000);
  const kept = JSON.stringify(await app.redis.hgetall(`${app.settings.prefix}:tokens`));
  expect(kept).toContain(apiToken.id);
  expect(kept).not.toContain(token.slice(-43));
});

test('tokens are listed with what is known of them, those that were made last first', async () => {
  await using app = await TestApiTokens.start();
  const first = await app.tokens.create({ owner: 'acme', scopes: ['admin'] });
  const second = await app.tokens.create({ owner: 'shop', scopes: ['tasks:read'], name: 'the shop' });
  await app.tokens.touch(first.apiToken.id);

  const listed = await app.tokens.list();

  expect(listed.map(({ id }) => id).toSorted()).toEqual([first.apiToken.id, second.apiToken.id].toSorted());
  expect(listed.find(({ id }) => id === second.apiToken.id)).toEqual(second.apiToken);
  const used = listed.find(({ id }) => id === first.apiToken.id)?.lastUsedAt ?? 0;
  expect(Math.abs(used - Date.now())).toBeLessThan(60_000);
});

test('a token that is revoked is gone, with all that was noted of it', async () => {
  await using app = await TestApiTokens.start();
  const { apiToken } = await app.tokens.create({ owner: 'acme', scopes: ['admin'] });

  expect(await app.tokens.revoke(apiToken.id)).toBe(true);

  expect(await app.tokens.revoke(apiToken.id)).toBe(false);
  expect(await app.tokens.list()).toEqual([]);
  await app.tokens.touch(apiToken.id);
  expect(await app.redis.exists(`${app.settings.prefix}:tokens`)).toBe(0);
});

test.each([
  ['no owner', { owner: ' ' }, 'owner'],
  ['an owner that is too long', { owner: 'x'.repeat(201) }, 'owner'],
  ['an owner with a line break', { owner: 'a\nb' }, 'owner'],
  ['no scope', { scopes: [] }, 'scopes'],
  ['a scope that there is not', { scopes: ['tasks:read', 'root'] }, 'scopes'],
  ['a name that is too long', { name: 'x'.repeat(101) }, 'name'],
  ['a life of no time', { expiresInMs: 0 }, 'expiresIn'],
  ['a life of no number', { expiresInMs: Number.NaN }, 'expiresIn'],
])('no token is made with %s', async (_, wrong, field) => {
  await using app = await TestApiTokens.start();

  const making = app.tokens.create({ owner: 'acme', scopes: ['admin'], ...wrong });

  await expect(making).rejects.toThrow(BadUserInputError);
  await expect(making).rejects.toMatchObject({ issues: [{ path: [field] }] });
});

test('there are at most ten thousand tokens, so that a list of them can be read', async () => {
  await using app = await TestApiTokens.start();
  const fields = Array.from({ length: 20_000 }, (_, index) => [`x${index}`, '']).flat();
  await app.redis.hset(`${app.settings.prefix}:tokens`, ...fields);

  await expect(app.tokens.create({ owner: 'acme', scopes: ['admin'] })).rejects.toThrow(
    'Expected at most 10000 API tokens.',
  );
});

test.skipIf(redisServerPath === undefined)(
  'while Redis is away each call says so within a second',
  async () => {
    await using server = await RedisServer.start(redisServerPath ?? '');
    await using app = await TestApiTokens.start({ url: server.url, prefix: 'away' });
    server.signal('SIGSTOP');
    const startedAt = performance.now();

    const calls = await Promise.allSettled([
      app.tokens.list(),
      app.tokens.revoke('1'),
      app.tokens.find('1'),
      app.tokens.create({ owner: 'acme', scopes: ['admin'] }),
    ]);

    expect(calls.map((call) => call.status === 'rejected' && call.reason)).toEqual(
      calls.map(() => expect.any(UnavailableError)),
    );
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  },
);
