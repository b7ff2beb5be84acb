import { describe, expect, test } from 'vitest';
import { readSettings } from '../../src/config.ts';
import { ConfigurationError, connectTasks } from '../../src/index.ts';
import { displayUrl, parseRedisUrl } from '../../src/redis/address.ts';

describe('the address of Redis', () => {
  test('may name the Sentinels of a master, with logins, database and TLS', () => {
    const url =
      'rediss+sentinel://app:p%40ss@one.example:26380,two.example,[::1]:5/my-master/3?sentinelPassword=s%26t';

    expect(parseRedisUrl(url)).toEqual({
      sentinels: [
        { host: 'one.example', port: 26_380 },
        { host: 'two.example', port: 26_379 },
        { host: '::1', port: 5 },
      ],
      name: 'my-master',
      db: 3,
      tls: true,
      login: { username: 'app', password: 'p@ss' },
      sentinelLogin: { password: 's&t' },
    });
    expect(readSettings('worker', { redisUrl: url }, {}).redisUrl).toBe(url);
  });

  test('of one Sentinel without a login is short', () => {
    expect(parseRedisUrl('redis+sentinel://localhost/m')).toEqual({
      sentinels: [{ host: 'localhost', port: 26_379 }],
      name: 'm',
      db: 0,
      tls: false,
      login: {},
      sentinelLogin: {},
    });
  });

  test.each([
    ['redis+sentinel://a:1,b:2', 'the name of their master'],
    ['redis+sentinel://a:1,b:2/', 'the name of their master'],
    ['redis+sentinel://a:1/m/x', 'perhaps a database'],
    ['redis+sentinel:///m', 'host:port, separated by commas'],
    ['redis+sentinel://a:1,,b:2/m', 'host:port, separated by commas'],
    ['redis+sentinel://a:70000/m', 'host:port, separated by commas'],
    ['redis+sentinel://user@a:1/m', "':password@'"],
    ['redis+sentinel://:5%@a:1/m', '%40 for @'],
    ['redis+sentinel://a:1/m?password=x', 'sentinelPassword'],
    ['http://a:1/m', "'redis://127.0.0.1:6379'"],
  ])('is refused with what was expected: %s', async (url, expected) => {
    expect(() => readSettings('worker', { redisUrl: url }, {})).toThrow(expected);
    const connecting = connectTasks({ redis: { url }, definitions: [] });
    await expect(connecting).rejects.toThrow(expected);
    await expect(connecting).rejects.toBeInstanceOf(ConfigurationError);
  });

  test.each([
    ['redis://:secret@host:6379/2', 'redis://:***@host:6379/2'],
    ['rediss://user:secret@host', 'rediss://user:***@host'],
    ['redis://host?password=secret', 'redis://host?password=***'],
    [
      'redis+sentinel://u:secret@a:1,b:2/m?sentinelUsername=s&sentinelPassword=secret',
      'redis+sentinel://u:***@a:1,b:2/m?sentinelUsername=s&sentinelPassword=***',
    ],
    ['redis+sentinel://a:1,b:2/m/4', 'redis+sentinel://a:1,b:2/m/4'],
    ['nonsense:secret@', '(not a URL)'],
  ])('is shown without its passwords: %s', (url, shown) => {
    expect(displayUrl(url)).toBe(shown);
  });

  test('is refused without showing its passwords', () => {
    const url = 'redis+sentinel://u:secret@a:1/m/x?sentinelPassword=secret';
    expect(() => readSettings('worker', { redisUrl: url }, {})).toThrow(/^(?!.*secret)/s);
  });
});
