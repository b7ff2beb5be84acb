import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, test } from 'vitest';
import { loggerOptions, redact } from '../src/logger.ts';
import { connect } from '../src/redis/connection.ts';
import { freshSettings, redisServerPath, testLogger } from './support/stores.ts';
import { RedisServer } from './support/redis-server.ts';
import { registerSecret } from './support/secrets.ts';

test.each([
  ['a token of ours', `used twk_${'a1'.repeat(16)} twice`, 'used twk_*** twice'],
  ['a watch token', `tww_a1b2c3.${'a1_-'.repeat(8)}.${'b2'.repeat(20)}, used`, 'tww_***, used'],
  ['a JSON Web Token', 'got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl!', 'got eyJ***!'],
  ['a header', 'authorization: Bearer abcdefgh1', 'authorization: Bearer ***'],
  ['a header of another kind', 'Authorization: Basic YWRhOmh1bnRlcjI=', 'Authorization: Basic ***'],
  ['a query', 'GET /graphql?query=x&token=abc%20d&id=1', 'GET /graphql?query=x&token=***&id=1'],
  ['a URL', 'no answer from redis://ada:hunter2@host:6379/0', 'no answer from redis://ada:***@host:6379/0'],
  [
    'a URL without a user',
    'rediss://:hunter2@host and smtp://a:b@c',
    'rediss://:***@host and smtp://a:***@c',
  ],
  [
    'members',
    '{"a":{"password":"x\\"y","smtpPassword": "z"},"n":1}',
    '{"a":{"password":"***","smtpPassword":"***"},"n":1}',
  ],
  [
    'a member in a text of JSON',
    String.raw`{"msg":"{\"token\":\"x\"}"}`,
    String.raw`{"msg":"{\"token\":\"x\"}"}`,
  ],
])('%s is taken out of a line', (_, line, clean) => {
  expect(redact(line)).toBe(clean);
});

test.each([
  'Bearer authentication is needed, basic knowledge helps',
  'http://127.0.0.1:3000/graphql and redis://127.0.0.1:6379/0',
  '{"tokens":3,"isSecret":true,"tokenId":"a1","key":"b","time":1700000000000}',
  'user@example.com at 12:30: see https://example.com/a?b=c',
])('what is no secret stays: %s', (line) => {
  expect(redact(line)).toBe(line);
});

/** A logger as the program's own, whose lines a test can read. */
function ownLogger() {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { logger: pino({ ...loggerOptions, level: 'trace' }, stream), text: () => text };
}

test('fields, messages and errors with their causes come out of the logger without secrets', () => {
  const { logger, text } = ownLogger();
  const cause = new Error('connect to redis://ada:hunter2@host failed');
  logger.info({ headers: { authorization: 'Bearer hunter2hunter2' } }, 'as twk_hunter2hunter2hunter2');
  logger.child({ token: 'hunter2' }).error({ err: new Error('no way', { cause }) });
  logger.warn({ err: Object.assign(new Error('NOAUTH'), { command: { name: 'auth', args: ['hunter2'] } }) });

  expect(text()).not.toContain('hunter2');
  expect(
    text()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { level: number }).level),
  ).toEqual([30, 50, 40]);
  expect(text()).toContain('"command":"auth"');
});

test('an error of Redis does not hold what it was asked with', async () => {
  await using redis = new Disconnected(connect(freshSettings(), 'worker', testLogger));

  const error: unknown = await redis.client
    .call('NO.SUCH.COMMAND', 'hunter2')
    .catch((error: unknown) => error);

  expect(error).toMatchObject({ command: { name: 'NO.SUCH.COMMAND' } });
  expect(JSON.stringify(error)).not.toContain('hunter2');
});

test.skipIf(redisServerPath === undefined)(
  'a wrong password of Redis is not logged, nor is a right one',
  async () => {
    const password = registerSecret(`pass word & ${'1a'.repeat(6)}`, { what: 'the password of a Redis' });
    await using server = await RedisServer.start(redisServerPath ?? '', ['--requirepass', password]);
    const { logger, text } = ownLogger();
    const urlWith = (text: string) => server.url.replace('://', `://:${encodeURIComponent(text)}@`);
    await using right = new Disconnected(connect({ url: urlWith(password) }, 'worker', logger));
    await using wrong = new Disconnected(connect({ url: urlWith(`${password}!`) }, 'worker', logger));

    expect(await right.client.ping()).toBe('PONG');
    await expect.poll(text).toMatch(/WRONGPASS/);

    expect(wrong.client.status).not.toBe('ready');
    for (const form of [password, encodeURIComponent(password)]) expect(text()).not.toContain(form);
  },
);

class Disconnected implements AsyncDisposable {
  readonly client: ReturnType<typeof connect>;

  constructor(client: ReturnType<typeof connect>) {
    this.client = client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve(this.client.disconnect());
  }
}
