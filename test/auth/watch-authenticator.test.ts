import { expect, test, vi } from 'vitest';
import { type Credentials, openAuthenticator, type SessionEnd } from '../../src/auth/authenticator.ts';
import { openSession } from '../../src/auth/session.ts';
import { WatchAuthenticator } from '../../src/auth/watch-authenticator.ts';
import { WatchTokens } from '../../src/auth/watch-tokens.ts';
import { connect, whenReady } from '../../src/redis/connection.ts';
import { freshSettings, testLogger } from '../support/stores.ts';

const grant = { taskId: 'default_01', owner: 'acme', rights: ['STATUS'] as const };

async function stage() {
  const settings = freshSettings();
  const redis = connect(settings, 'producer', testLogger);
  await whenReady(redis, AbortSignal.timeout(5_000));
  const tokens = () => new WatchTokens(redis, settings.prefix ?? 'tw');
  const authenticator = new WatchAuthenticator(tokens(), openAuthenticator);
  const signIn = async (lifeMs = 60_000) => {
    const { token } = await tokens().mint(grant, lifeMs);
    return await authenticator.authenticate(show(token));
  };
  return {
    redis,
    tokens,
    authenticator,
    signIn,
    [Symbol.asyncDispose]: async () => {
      authenticator.close();
      redis.disconnect();
    },
  };
}

function show(token?: string): Credentials {
  return { token, headers: {}, params: undefined, address: '127.0.0.1' };
}

/** What is told, with when it was told first. */
function listener() {
  const { promise, resolve } = Promise.withResolvers<SessionEnd>();
  const end = vi.fn<(why: SessionEnd) => void>(resolve);
  return { end, told: promise };
}

test('who shows a watch token is its holder alone, and all others sign in as before', async () => {
  await using all = await stage();

  expect((await all.signIn()).viewer.watch?.taskId).toBe('default_01');
  expect(all.authenticator.authenticate(show())).toBe(openSession);
  expect(all.authenticator.authenticate(show('another token'))).toBe(openSession);
  await expect(all.authenticator.authenticate(show('tww_nonsense'))).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  });
});

test('a session ends within five seconds of its expiry, once', async () => {
  await using all = await stage();
  const session = await all.signIn(100);
  const { end, told } = listener();
  const { end: other, told: otherTold } = listener();
  all.authenticator.hold(session, end);
  all.authenticator.hold(session, other);

  expect(await told).toBe('EXPIRED');
  expect(await otherTold).toBe('EXPIRED');

  expect(Date.now() - (session.expiresAt ?? 0)).toBeLessThan(5_000);
  expect(Date.now()).toBeGreaterThanOrEqual(session.expiresAt ?? Infinity);
  expect(end).toHaveBeenCalledTimes(1);
});

test('all sessions end within five seconds once another process has taken the key away', async () => {
  await using all = await stage();
  const { end, told } = listener();
  all.authenticator.hold(await all.signIn(), end);
  const before = Date.now();

  await all.tokens().revokeAll();

  expect(await told).toBe('REVOKED');
  expect(Date.now() - before).toBeLessThan(5_000);
  expect(end).toHaveBeenCalledTimes(1);
});

test('who lets go of a session hears of it no more', async () => {
  await using all = await stage();
  const { end } = listener();
  const last = listener();
  const release = all.authenticator.hold(await all.signIn(50), end);
  all.authenticator.hold(await all.signIn(50), last.end);

  release();
  release();
  await last.told;

  expect(end).not.toHaveBeenCalled();
});

test('while the store is away nobody is turned out but by the time', async () => {
  await using all = await stage();
  const lasting = listener();
  const ending = listener();
  all.authenticator.hold(await all.signIn(), lasting.end);
  const session = await all.signIn(4_500);
  all.authenticator.hold(session, ending.end);

  all.redis.disconnect();

  expect(await ending.told).toBe('EXPIRED');
  expect(lasting.end).not.toHaveBeenCalled();
});
