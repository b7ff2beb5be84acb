import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { connect } from '../../src/redis/connection.ts';
import { plainReply } from '../../src/redis/refusals.ts';
import { Outages, outages } from '../support/outages.ts';
import { redisServerPath } from '../support/stores.ts';

describe.skipIf(redisServerPath === undefined).concurrent('a Redis that is there', () => {
  test.each([
    ['was full', 'it is full (maxmemory)'],
    ['was read-only', 'it is a replica, not the master'],
    ['had too few replicas', 'it has fewer replicas than it must have (min-replicas-to-write)'],
    ['was busy with a script', 'a script has kept it busy for seconds'],
  ] as const)('but %s has that logged once, however often it refuses', async (kind, meaning) => {
    await using all = await Outages.start();
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line) => lines.push(line) });
    const redis = connect({ url: all.url }, 'worker', logger);
    // Not onTestFinished: of tests side by side it doesn't know which one calls.
    using _ = { [Symbol.dispose]: () => redis.disconnect() };
    await redis.set('key', 'value');

    await outages[kind].begin(all);
    const calls = Array.from({ length: 20 }, () => redis.set('key', 'value'));
    const refused = (await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected');
    await outages[kind].end(all);

    expect(refused).toHaveLength(20);
    expect(await redis.set('key', 'value')).toBe('OK');
    const said = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(said).toMatchObject([{ level: 40, msg: expect.stringContaining(meaning), redis: all.url }]);
    expect(said[0]?.['reason']).toMatch(/^[A-Z]+ /);
  });
});

test('a refusal that an older server wraps into the error of a script is read as what it is', () => {
  const wrapped =
    "ERR Error running script (call to f_1b2c): @user_script:4: @user_script: 4: -READONLY You can't write against a read only replica.";

  expect(plainReply(wrapped)).toBe("READONLY You can't write against a read only replica.");
  expect(plainReply('ERR wrong number of arguments')).toBe('ERR wrong number of arguments');
});
