import { expect, test } from 'vitest';
import type { Credentials } from '../../src/auth/authenticator.ts';
import { limitFailures, networkOf } from '../../src/auth/failures.ts';
import { RateLimitedError, UnauthenticatedError } from '../../src/errors.ts';
import { connect } from '../../src/redis/connection.ts';
import { Rates } from '../../src/redis/rates.ts';
import { freshSettings, testLogger } from '../support/stores.ts';
import { TestTokens } from '../support/tokens.ts';

test('a flood asks the store no more often than its rate', async () => {
  const { prefix = '', ...settings } = freshSettings();
  const redis = connect(settings, 'worker', testLogger);
  let calls = 0;
  const rates = new Rates(prefix, (...call) => {
    calls += 1;
    return redis.run(...call);
  });
  const limited = limitFailures(new TestTokens(), rates, { count: 5, perMs: 3_600_000, burst: 5 });

  const errors = [];
  for (let n = 0; n < 200; n += 1) errors.push(await failure(limited.authenticate(from('10.0.0.1'))));
  redis.disconnect();

  expect(errors.slice(0, 5).every((error) => error instanceof UnauthenticatedError)).toBe(true);
  expect(errors.slice(5).every((error) => error instanceof RateLimitedError)).toBe(true);
  expect(calls).toBe(5);
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002:ffff::', '2001:db8:1:2::/64'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

function from(address: string): Credentials {
  return { token: 'nonsense', headers: {}, params: undefined, address };
}

async function failure(signingIn: unknown): Promise<unknown> {
  try {
    await signingIn;
    return undefined;
  } catch (error) {
    return error;
  }
}
