import { expect, test } from 'vitest';
import { scrub, scrubError } from '../../src/definition/scrub.ts';
import { hideSecrets, secretValues } from '../../src/definition/secrets.ts';
import { compileDefinitions, type CompiledDefinition } from '../../src/definition/types.ts';
import { ConfigurationError, defineTask, InvalidOutputError, type Issue } from '../../src/index.ts';
import { compile, refusalOf } from './checked-input.ts';

async function issuesOf(compiled: CompiledDefinition, wire: unknown): Promise<readonly Issue[]> {
  const { message, issues } = await refusalOf(compiled, wire);
  expect(`${message}${JSON.stringify(issues)}`).not.toContain('hunter2');
  return issues;
}

const syncMail = defineTask({
  name: 'syncMail',
  input: (t) => ({
    password: t.string({ required: true, secret: true, description: 'That of the mailbox.' }),
    key: t.field({ type: 'URL', secret: true }),
    mode: t.enum('SyncMode', ['FAST', 'FULL'], { secret: true }),
    login: t.object('SyncLogin', (t) => ({ user: t.string(), code: t.int({ required: true }) }), {
      secret: true,
    }),
    servers: t.objectList('SyncServer', (t) => ({
      host: t.string({ required: true }),
      token: t.string({ secret: true }),
    })),
  }),
  output: (t) => ({
    cookie: t.string({ secret: true }),
    pages: t.objectList('SyncPage', (t) => ({ url: t.string(), grant: t.int({ secret: true }) })),
  }),
  run: () => ({ cookie: 'c', pages: [] }),
});

test('what is marked secret is hidden at any depth and in lists, as a whole; what is missing or null is told', () => {
  const { secrets } = compile(syncMail);

  expect(secrets.input.toSorted()).toEqual(['key', 'login', 'mode', 'password', 'servers.token']);
  expect(secrets.output.toSorted()).toEqual(['cookie', 'pages.grant']);
  const wire = {
    password: 'hunter2',
    key: null,
    login: { user: 'ada', code: 7 },
    servers: [{ host: 'a', token: 'hunter2' }, { host: 'b', token: null }, { host: 'c' }],
    token: 'no field of this place',
  };
  expect(hideSecrets(wire, secrets.input)).toEqual({
    password: '[secret]',
    key: null,
    login: '[secret]',
    servers: [{ host: 'a', token: '[secret]' }, { host: 'b', token: null }, { host: 'c' }],
    token: 'no field of this place',
  });
  expect(hideSecrets({ servers: { host: 'a', token: 'hunter2' } }, secrets.input)).toEqual({
    servers: { host: 'a', token: '[secret]' },
  });
  expect(hideSecrets('anything', secrets.input)).toBe('anything');
});

test('names that every object has are names like any other', () => {
  const wire: unknown = JSON.parse('{"__proto__":{"token":"x"},"constructor":"y","a":{"__proto__":"z"}}');

  expect(JSON.stringify(hideSecrets(wire, ['__proto__.token', 'constructor', 'a.__proto__']))).toBe(
    '{"__proto__":{"token":"[secret]"},"constructor":"[secret]","a":{"__proto__":"[secret]"}}',
  );
});

test('run gets the real values', async () => {
  const wire = { password: 'hunter2', login: { user: 'ada', code: 7 }, servers: [{ host: 'a', token: 't' }] };

  expect(await compile(syncMail).coerceInput(wire)).toEqual(wire);
});

test('no issue repeats a secret, whatever is wrong with it, nor the object that should hold it', async () => {
  const compiled = compile(syncMail);

  expect(
    await issuesOf(compiled, {
      password: ['hunter2'],
      key: 'hunter2',
      mode: 'hunter2',
      login: { code: 'hunter2', hunter2: 1 },
      servers: [{ host: 'a', token: { hunter2: 'hunter2' } }, 'hunter2'],
    }),
  ).toEqual([
    { path: ['key'], message: 'Expected URL, not what came, which is secret.' },
    { path: ['login', 'code'], message: 'Expected Int, not what came, which is secret.' },
    { path: ['login'], message: 'SyncLogin has no other fields than code, user.' },
    { path: ['mode'], message: 'Expected SyncMode, one of FAST, FULL, not what came, which is secret.' },
    { path: ['password'], message: 'Expected String, not what came, which is secret.' },
    { path: ['servers', 0, 'token'], message: 'Expected String, not what came, which is secret.' },
    { path: ['servers', 1], message: 'Expected SyncServer, an object, not what came, which is secret.' },
  ]);
  expect(await issuesOf(compiled, '{"password":"hunter2"}')).toEqual([
    { path: [], message: 'Expected SyncMailInput, an object, not what came, which is secret.' },
  ]);
});

test('what stands in place of a secret is not taken for one', async () => {
  const message = 'Expected the value itself: "[secret]" is only what is shown of it.';

  expect(await issuesOf(compile(syncMail), { password: '[secret]', login: '[secret]' })).toEqual([
    { path: ['login'], message },
    { path: ['password'], message },
  ]);
});

test('a `validate` that repeats what it was given is not passed on so', async () => {
  const strict = defineTask({
    name: 'strict',
    input: (t) => ({ password: t.string({ required: true, secret: true }), host: t.string() }),
    validate: ({ password, host }) => [
      `${password} is too short for ${host}`,
      { path: ['password'], message: `not ${encodeURIComponent(password)}` },
    ],
    run() {},
  });

  expect(await issuesOf(compile(strict), { password: 'hunter2 & co', host: 'a.example' })).toEqual([
    { path: [], message: '[secret] is too short for a.example' },
    { path: ['password'], message: 'not [secret]' },
  ]);
});

test('an output that is not as declared is told without its secrets', () => {
  const compiled = compile(syncMail);
  const issuesOf = (output: unknown): readonly Issue[] => {
    try {
      compiled.serializeOutput(output);
    } catch (error) {
      if (!(error instanceof InvalidOutputError) || error.message.includes('hunter2')) throw error;
      return error.issues;
    }
    throw new Error('the output was accepted');
  };

  expect(issuesOf({ cookie: ['hunter2'], pages: [{ url: 'a', grant: 'hunter2' }] })).toEqual([
    { path: ['cookie'], message: 'Expected String, got something else, which is secret.' },
    { path: ['pages', 0, 'grant'], message: 'Expected Int, got something else, which is secret.' },
  ]);
  expect(issuesOf('hunter2')).toEqual([
    { path: [], message: 'Expected an object with cookie, pages, got something else, which is secret.' },
  ]);
});

test('a type is one type only where the same fields of it are secret', () => {
  const withLogin = (name: string, secret: boolean) =>
    defineTask({
      name,
      input: (t) => ({ login: t.object('Login', (t) => ({ password: t.string({ secret }) })) }),
      output: (t) => ({ session: t.object('Session', (t) => ({ id: t.string({ secret }) })) }),
      run: () => ({ session: { id: '' } }),
    });

  expect(() => compileDefinitions([withLogin('first', true), withLogin('second', true)])).not.toThrow();
  expect(() => compileDefinitions([withLogin('first', true), withLogin('second', false)])).toThrow(
    /use the type name 'Login' for two shapes.*@secret/,
  );
});

test('a secret has no default, as the schema would show it', () => {
  const given = defineTask({
    name: 'given',
    input: (t) => ({ password: t.string({ secret: true, defaultValue: 'hunter2' }) }),
    run() {},
  });

  expect(() => compileDefinitions([given])).toThrow(ConfigurationError);
  expect(() => compileDefinitions([given])).toThrow(/'password' is secret and has a default/);
});

test('to mark a field secret is no new version of its definition', () => {
  const login = (secret: boolean) =>
    compile(defineTask({ name: 'login', input: (t) => ({ password: t.string({ secret }) }), run() {} }));

  expect(login(true).version).toBe(login(false).version);
});

test('secret values are found in what others say, as themselves and as JSON, a URL and base64 have them', () => {
  const wire = { login: { user: 'ada "the" one', code: 123_456, flag: true }, servers: [{ token: 'ab' }] };
  const secrets = secretValues(wire, ['login', 'servers.token']);

  expect(secrets).toEqual(['ada "the" one', '123456', 'ab']);
  expect(
    scrub(
      {
        text: `ada "the" one, ${JSON.stringify('ada "the" one')}, ${encodeURIComponent('ada "the" one')}`,
        list: [Buffer.from('ada "the" one').toString('base64'), 123_456, 'code 123456'],
        short: 'ab stays, as it is found in about',
        '123456': null,
      },
      secrets,
    ),
  ).toEqual({
    text: '[secret], "[secret]", [secret]',
    list: ['[secret]', '[secret]', 'code [secret]'],
    short: 'ab stays, as it is found in about',
    '[secret]': null,
  });
});

test('an error is logged without what its run was given, and one that holds itself ends no worker', () => {
  const error = new TypeError("can't log in as hunter2");

  expect(JSON.stringify(scrubError(error, ['hunter2']))).toContain("can't log in as [secret]");
  expect(JSON.stringify(scrubError(error, ['hunter2']))).not.toContain('hunter2');
  expect(scrubError(error, [])).toBe(error);
  const ring: Record<string, unknown> = { text: 'hunter2' };
  ring['self'] = ring;
  expect(scrub(ring, ['hunter2'])).toEqual({ text: '[secret]', self: '[circular]' });
});
