import { createHmac } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { openSession } from '../../src/auth/session.ts';
import type { WatchRight } from '../../src/auth/viewer.ts';
import { WatchTokens } from '../../src/auth/watch-tokens.ts';
import { UnauthenticatedError } from '../../src/errors.ts';
import { connect, whenReady, type Redis } from '../../src/redis/connection.ts';
import { freshSettings, testLogger } from '../support/stores.ts';

const grant = {
  taskId: 'images_01jq3v4x5y6z7a8b9c0d1e2f3g',
  owner: 'acme',
  rights: ['OUTPUT', 'STATUS'] as readonly WatchRight[],
};
const hour = 3_600_000;
const day = 24 * hour;

/** The same store, as two processes see it. */
async function stage(settings = freshSettings()) {
  const redis = [
    connect(settings, 'producer', testLogger),
    connect(settings, 'producer', testLogger),
  ] as const;
  for (const each of redis) await whenReady(each, AbortSignal.timeout(5_000));
  const of = (each: Redis) => new WatchTokens(each, settings.prefix ?? 'tw');
  return {
    redis: redis[0],
    otherRedis: redis[1],
    keyName: `${settings.prefix}:watch-key`,
    tokens: of(redis[0]),
    others: of(redis[1]),
    [Symbol.asyncDispose]: async () => redis.forEach((each) => each.disconnect()),
  };
}

/** Those of the tokens that are let in, or fail in another way than they should. */
async function accepted(tokens: WatchTokens, given: readonly string[]): Promise<unknown[]> {
  const results = await Promise.allSettled(given.map((token) => tokens.verify(token)));
  return results.filter(
    (result) => result.status === 'fulfilled' || !(result.reason instanceof UnauthenticatedError),
  );
}

/** Moves the clock of tokens, and of nothing else. */
function setClock(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: ms });
}

/** Moves the clock by which keys grow stale, and of nothing else. */
function passTime(ms: number): void {
  const now = performance.now() + ms;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('a token lets its holder see one task as its owner, in every process', async () => {
  await using stages = await stage();
  const { tokens, others } = stages;
  const before = Date.now();

  const { token, expiresAt, rights } = await tokens.mint(grant, hour);
  const session = await others.verify(token);

  expect(token).toMatch(/^tww_[\w.-]+$/);
  expect(rights).toEqual(['STATUS', 'OUTPUT']);
  expect(expiresAt - before).toBeGreaterThanOrEqual(hour);
  expect(session).toMatchObject({ credential: 'watch', expiresAt, viewer: { owner: 'acme' } });
  expect(session.viewer.scopes.size).toBe(0);
  expect(session.viewer.watch).toEqual({ taskId: grant.taskId, rights: new Set(['STATUS', 'OUTPUT']) });
});

test('processes that need the first key at the same time make one', async () => {
  await using stages = await stage();
  const { tokens, others } = stages;

  // The other one has looked before it was made.
  vi.spyOn(stages.otherRedis, 'get').mockResolvedValueOnce(null);
  const one = await tokens.mint(grant, hour);
  const two = await others.mint(grant, hour);

  await expect(others.verify(one.token)).resolves.toBeDefined();
  await expect(tokens.verify(two.token)).resolves.toBeDefined();
});

test('viewers with the same rights share what is made for one of them, others do not', async () => {
  await using stages = await stage();
  const { tokens } = stages;
  const keyOf = async (change: object) =>
    (await tokens.verify((await tokens.mint({ ...grant, ...change }, hour)).token)).viewer.key;

  const key = await keyOf({});
  expect(await keyOf({ rights: ['STATUS', 'OUTPUT', 'STATUS'] })).toBe(key);
  const others = [
    { rights: ['STATUS'] },
    { rights: ['STATUS', 'OUTPUT', 'CANCEL'] },
    { owner: 'other' },
    { taskId: 'images_x' },
  ];
  expect(new Set([key, ...(await Promise.all(others.map(keyOf)))]).size).toBe(5);
});

test('a token holds until it expires, and not a moment longer', async () => {
  await using stages = await stage();
  const { token, expiresAt } = await stages.tokens.mint(grant, hour);

  setClock(expiresAt - 1);
  await expect(stages.tokens.verify(token)).resolves.toBeDefined();
  setClock(expiresAt);
  await expect(stages.tokens.verify(token)).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('expired') as string,
  });
});

test('a token of which one character was changed is refused, whichever it is', async () => {
  await using stages = await stage();
  const { token } = await stages.tokens.mint(grant, hour);

  const changed = Array.from(token, (char, at) => {
    const other = char === 'A' ? 'B' : 'A';
    return token.slice(0, at) + other + token.slice(at + 1);
  });

  expect(await accepted(stages.tokens, changed)).toEqual([]);
});

test('what was not signed with the key is refused, whatever it says of how it was', async () => {
  await using stages = await stage();
  await using elsewhere = await stage();
  const { token } = await stages.tokens.mint(grant, hour);
  const [head = '', claims = '', signature = ''] = token.split('.');
  const widened = Buffer.from(
    JSON.stringify({ t: 'images_other', o: 'acme', r: ['CANCEL'], i: Date.now(), e: Date.now() + day }),
  ).toString('base64url');
  const hmac = (key: string) => createHmac('sha256', key).update(`${head}.${widened}`).digest('base64url');
  const json = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const jwtClaims = json({ sub: 'acme', t: grant.taskId, exp: 9_999_999_999 });

  const forged = [
    '',
    'tww_',
    `${head}.${widened}.${signature}`,
    `${head}.${widened}.${hmac('')}`,
    // The id of the key is no secret.
    `${head}.${widened}.${hmac(head.slice(4))}`,
    `${head}.${claims}.`,
    `${head}.${claims}`,
    `${token}.${signature}`,
    ` ${token}`,
    `${token}\n`,
    token.toUpperCase(),
    `${token}=`,
    `${json({ alg: 'none' })}.${jwtClaims}.`,
    `tww_${json({ alg: 'none' })}.${jwtClaims}.`,
    `tww_${json({ alg: 'HS256', kid: '' })}.${jwtClaims}.${signature}`,
    `tww_${'a'.repeat(1_000_000)}`,
    (await elsewhere.tokens.mint(grant, hour)).token,
  ];
  expect(await accepted(stages.tokens, forged)).toEqual([]);
});

test('a renewed token has the same task and rights and ends later; the one before holds as it did', async () => {
  await using stages = await stage();
  const { tokens, others } = stages;
  const first = await tokens.mint(grant, hour);
  const session = await tokens.verify(first.token);

  setClock(Date.now() + hour / 2);
  const second = await others.renew(session, hour);

  expect(second.expiresAt).toBe(Date.now() + hour);
  expect(second.rights).toEqual(first.rights);
  const renewed = await tokens.verify(second.token);
  expect(renewed.viewer.key).toBe(session.viewer.key);
  expect(renewed.since).toBe(session.since);
  await expect(tokens.verify(first.token)).resolves.toBeDefined();
});

test('renewals go on until seven days after the first token was made, and no longer', async () => {
  await using stages = await stage();
  const { tokens } = stages;
  let token = await tokens.mint(grant, day);
  const start = token.expiresAt - day;
  for (let count = 1; count < 7; count += 1) {
    setClock(start + count * (day - 1_000));
    token = await tokens.renew(await tokens.verify(token.token), day);
  }

  setClock(start + 6.5 * day);
  const last = await tokens.renew(await tokens.verify(token.token), day);
  expect(last.expiresAt).toBe(start + 7 * day);

  setClock(start + 7 * day - 59_999);
  await expect(tokens.renew(await tokens.verify(last.token), day)).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
});

test('what was not signed in by a watch token can not renew one, nor can one that has ended', async () => {
  await using stages = await stage();
  const { tokens } = stages;
  await expect(tokens.renew(openSession, hour)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });

  const { token, expiresAt } = await tokens.mint(grant, hour);
  const session = await tokens.verify(token);
  setClock(expiresAt);
  await expect(tokens.renew(session, hour)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('without its key all tokens are void, in other processes within seconds; new ones are made with another key', async () => {
  await using stages = await stage();
  const { tokens, others } = stages;
  const { token } = await tokens.mint(grant, hour);
  const session = await others.verify(token);

  await tokens.revokeAll();

  await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  passTime(1_000);
  await expect(others.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(others.isRevoked(session.keyId)).resolves.toBe(true);
  await expect(others.renew(session, hour)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(others.verify((await tokens.mint(grant, hour)).token)).resolves.toBeDefined();
});

test('a key that could be guessed signs nothing and lets nobody in', async () => {
  await using stages = await stage();
  const { token } = await stages.tokens.mint(grant, hour);
  await stages.redis.set(stages.keyName, '');
  passTime(1_000);

  await expect(stages.tokens.mint(grant, hour)).rejects.toThrow('Expected 32 bytes');
  await expect(stages.tokens.verify(token)).rejects.toThrow('Expected 32 bytes');
});

test('made-up key ids are asked for once a second, however many there are', async () => {
  await using stages = await stage();
  const { token } = await stages.tokens.mint(grant, hour);
  const get = vi.spyOn(stages.redis, 'get');

  for (let count = 0; count < 100; count += 1) {
    const forged = token.replace(/^tww_.{8}/, `tww_${String(count).padStart(8, '0')}`);
    await expect(stages.tokens.verify(forged)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  }

  expect(get.mock.calls.length).toBeLessThanOrEqual(1);
});

test('while the store is away it is said so, and nobody is let in or turned away', async () => {
  await using stages = await stage();
  const { token } = await stages.tokens.mint(grant, hour);
  passTime(1_000);
  stages.redis.disconnect();

  await expect(stages.tokens.verify(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(stages.tokens.mint(grant, hour)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
