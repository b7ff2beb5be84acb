import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type Command,
  commands,
  fallbackOf,
  readSettings,
  type Settings,
  settingsOf,
  table,
} from '../src/config.ts';
import { ConfigurationError } from '../src/errors.ts';

describe('settings', () => {
  test('have defaults', () => {
    expect(readSettings('dev', {}, {})).toStrictEqual({
      port: 4000,
      host: '127.0.0.1',
      auth: ['open'],
      prefix: 'tw',
      concurrency: 10,
      inlineConcurrency: 10,
      grace: 1_000,
      lease: 15_000,
      dataDir: '.taskwire',
      graphiql: true,
      dashboard: true,
      metrics: true,
      basePath: '/',
      origins: ['loopback'],
      enqueueRate: 50,
      enqueueBurst: 1_000,
      maxWaitingPerOwner: 10_000,
      unauthenticatedRate: 60,
      auditEnqueues: false,
      auditEntries: 100_000,
      auditRetention: 7_776_000_000,
      logLevel: 'info',
      traces: 'off',
    });
  });

  test('come from the flag first, then the environment, then the default', () => {
    expect(readSettings('dev', { port: '5001' }, { PORT: '5002' }).port).toBe(5001);
    expect(readSettings('dev', {}, { PORT: '5002' }).port).toBe(5002);
  });

  test('treat an empty variable as unset', () => {
    expect(readSettings('dev', {}, { PORT: '', REDIS_URL: ' ' })).toMatchObject({ port: 4000 });
  });

  test('are all reported at once when bad: what was expected, what came and from where', () => {
    const env = { PORT: '70000', REDIS_URL: 'localhost:6379', LOG_LEVEL: 'loud' };

    const problems = problemsOf('worker', { concurrency: '0', grace: '3 minutes' }, env);

    expect(problems).toStrictEqual([
      "REDIS_URL (--redis-url): expected an address such as 'redis://127.0.0.1:6379' (or rediss://), got 'localhost:6379'.",
      "--concurrency: expected a whole number from 1 to 1000, got '0'.",
      "--grace: expected a time such as '500ms', '30s' or '5m', got '3 minutes'.",
      "LOG_LEVEL (--log-level): expected one of fatal, error, warn, info, debug, trace, silent, got 'loud'.",
    ]);
  });

  test('of how much may come can be off', () => {
    const flags = { enqueueRate: 'off', maxWaitingPerOwner: 'off', unauthenticatedRate: 'off' };
    const off = { enqueueRate: false, maxWaitingPerOwner: false, unauthenticatedRate: false };

    expect(readSettings('dev', flags, {})).toMatchObject(off);
    expect(problemsOf('dev', { enqueueRate: 'none' }, {})).toStrictEqual([
      "--enqueue-rate: expected a whole number from 1 to 1000000, or off, got 'none'.",
    ]);
  });

  test('of another command are not looked at', () => {
    expect(() => readSettings('schema', {}, { PORT: 'x', REDIS_URL: 'y', LOG_LEVEL: 'z' })).not.toThrow();
  });

  test('that are required are missed by name', () => {
    expect(problemsOf('server', {}, {})).toStrictEqual([
      'TASKWIRE_AUTH (or --auth) is needed: how clients sign in: tokens (taskwire token create makes one), jwt, or the path of a module that exports authenticate; several with commas. Or open, on this machine alone: everybody may do everything.',
      'REDIS_URL (or --redis-url) is needed: the Redis or Valkey that keeps the tasks; of a Sentinel set, redis+sentinel://host1,host2/mymaster.',
    ]);
  });

  test.each([
    'rediss:/user:secret@host',
    'redi://user:secret@host:6379',
    'http://:secret@host',
    'redis//user:se/cret:secret@host',
  ])('never show the password of a bad address: %s', (url) => {
    expect(problemsOf('server', { redisUrl: url }, redis).join()).not.toContain('secret');
  });

  test('that may be repeated split at commas and drop doubles', () => {
    expect(readSettings('worker', { tasks: ['a', 'b,c'], queues: ['x, y', 'x'] }, redis)).toMatchObject({
      tasks: ['a', 'b', 'c'],
      queues: ['x', 'y'],
    });
    expect(readSettings('worker', {}, { ...redis, TASKWIRE_TASKS: 'a,b' }).tasks).toStrictEqual(['a', 'b']);
  });

  test('of origins are web origins, none for a server, and added to this machine in dev', () => {
    const app = 'https://app.example.com';
    expect(readSettings('server', {}, redis).origins).toBeUndefined();
    expect(readSettings('server', { origins: [`${app}/`] }, redis).origins).toStrictEqual([app]);
    expect(readSettings('dev', {}, { TASKWIRE_ORIGINS: app }).origins).toStrictEqual(['loopback', app]);
    const bad = [
      '*',
      'app.example.com',
      'https://app.example.com/page',
      'https://user:secret@app.example.com',
      'null',
    ];
    for (const origins of bad) expect(problemsOf('server', { origins }, redis)).toHaveLength(1);
  });

  test.each([
    ['500ms', 500],
    ['0s', 0],
    ['2m', 120_000],
    ['1h', 3_600_000],
  ])('take a time in words: %s', (text, ms) => {
    expect(readSettings('worker', { grace: text }, redis).grace).toBe(ms);
  });

  test('refuse a lease that would run out between two renewals', () => {
    expect(readSettings('server', { lease: '100ms' }, redis).lease).toBe(100);
    expect(problemsOf('server', { lease: '99ms' }, redis)).toStrictEqual([
      "--lease: expected a time of at least 100ms, such as '15s', got '99ms'.",
    ]);
  });

  test.each(['4000.5', '-1', '0x10', '1e3', ' ', '65536'])('refuse the port %j', (port) => {
    expect(problemsOf('dev', { port }, {})).toHaveLength(1);
  });

  test.each([
    ['on', true],
    ['1', true],
    ['off', false],
    ['no', false],
  ])('are switched by a word: %s', (word, value) => {
    expect(readSettings('server', { graphiql: word }, redis).graphiql).toBe(value);
  });

  test('have a type for each command', () => {
    expectTypeOf<Settings<'server'>['redisUrl']>().toEqualTypeOf<string>();
    expectTypeOf<Settings<'dev'>['redisUrl']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Settings<'dev'>['port']>().toEqualTypeOf<number>();
    expectTypeOf<keyof Settings<'run'>>().toEqualTypeOf<'url' | 'token'>();
  });
});

describe('the settings of signing in', () => {
  const secret = 'x'.repeat(32);
  const jwt = { auth: 'jwt', jwtSecret: secret, jwtIssuer: 'https://login.example.com', jwtAudience: 'tw' };

  test('name one way or several, each once', () => {
    expect(readSettings('server', { ...jwt, auth: ['tokens,jwt', './auth.ts,tokens'] }, redis).auth).toEqual([
      'tokens',
      'jwt',
      './auth.ts',
    ]);
    expect(readSettings('server', { auth: 'open' }, redis).auth).toEqual(['open']);
  });

  test.each(['token', 'OPEN', 'none', ' ', 'tokens,'])('refuse a way that there is not: %j', (auth) => {
    expect(problemsOf('server', { auth }, {}).join()).toMatch(
      /--auth: expected open, tokens, jwt or the path of a module such as '\.\/auth\.ts'/,
    );
  });

  test.each<[string, Record<string, string>, RegExp]>([
    [
      'open to others',
      { auth: 'open', host: '0.0.0.0' },
      /^--host 0\.0\.0\.0: .* Listen on 127\.0\.0\.1, or let clients sign in, as by --auth tokens/,
    ],
    ['open to others by name', { auth: 'open', host: 'app.example.com' }, /^--host app\.example\.com: /],
    ['open beside a way', { auth: 'open,tokens' }, /^--auth: expected open alone, or other ways without it/],
    ['two modules', { auth: './a.ts,./b.ts' }, /^--auth: expected one module at most/],
    [
      'jwt without a key',
      { ...jwt, jwtSecret: '' },
      /^--auth jwt: expected a key to check JWTs with, by --jwt-secret/,
    ],
    ['two keys', { ...jwt, jwtJwks: 'https://x.example.com' }, /^--jwt-secret, --jwt-jwks: expected one key/],
    ['no issuer', { ...jwt, jwtIssuer: '' }, /^--auth jwt: expected --jwt-issuer as well/],
    ['no audience', { ...jwt, jwtAudience: '' }, /^--auth jwt: expected --jwt-audience as well/],
    [
      'a key that nobody asks for',
      { ...jwt, auth: 'tokens' },
      /given, but no JWT is asked for\. Add jwt to --auth/,
    ],
    [
      'a short secret',
      { ...jwt, jwtSecret: 'topsecret' },
      /at least 32 bytes, as 'openssl rand -base64 32' makes, not one of 9/,
    ],
    [
      'a JWKS in the clear',
      { ...jwt, jwtJwks: 'http://x.example.com' },
      /^TASKWIRE_JWT_JWKS .* \(http: only on this machine\)/,
    ],
    [
      'another algorithm',
      { ...jwt, jwtAlgorithm: 'none' },
      /^TASKWIRE_JWT_ALGORITHM .*expected one of HS256/,
    ],
  ])('refuse %s, and say the way out', (_, given, message) => {
    const env = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        `TASKWIRE_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`,
        value,
      ]),
    );
    const { auth = '', host = '127.0.0.1', ...flags } = given;

    const problems = problemsOf('server', { auth, host }, { ...redis, ...env });

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
    expect(problems[0]).not.toContain(flags['jwtSecret'] || 'x'.repeat(32));
  });

  test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('let dev be open on %s', (host) => {
    expect(readSettings('dev', { host }, {}).auth).toEqual(['open']);
  });

  test('let nobody listen for others in dev without a way to sign in', () => {
    expect(problemsOf('dev', { host: '0.0.0.0' }, {})[0]).toContain(
      'with --auth open everybody may do everything',
    );
  });

  test('never show a token or a secret that is wrong', () => {
    const problems = [
      ...problemsOf('run', { token: 'top secret' }, {}),
      ...problemsOf('server', { jwtSecret: 'top secret' }, redis),
    ];

    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('top secret');
  });
});

describe('the table of settings', () => {
  test('gives each setting a flag that spells its name, and a variable and a flag of its own', () => {
    const entries = Object.entries(table);
    for (const [name, { flag }] of entries) {
      expect(flag.slice(2).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())).toBe(name);
    }
    expect(new Set(entries.map(([, { env }]) => env)).size).toBe(entries.length);
    expect(new Set(entries.map(([, { flag }]) => flag)).size).toBe(entries.length);
  });

  test('has only defaults that its own parsers take', () => {
    for (const command of commands) expect(() => readSettings(command, {}, redis)).not.toThrow();
  });

  test('can say of each setting what holds without it', () => {
    for (const command of commands) {
      for (const [, entry] of settingsOf(command)) expect(fallbackOf(entry, command)).not.toBe('');
    }
  });
});

const redis = { REDIS_URL: 'redis://127.0.0.1:6379', TASKWIRE_AUTH: 'tokens' };

function problemsOf(
  command: Command,
  flags: Record<string, string>,
  env: NodeJS.ProcessEnv,
): readonly string[] {
  try {
    readSettings(command, flags, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  throw new Error('expected a ConfigurationError');
}
