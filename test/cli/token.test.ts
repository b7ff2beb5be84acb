import { expect, test, vi } from 'vitest';
import { freePort } from '../support/redis-server.ts';
import { environment, finished, Folder, listening, taskwire } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });

test('a token that is made on the command line signs commands in, until it is revoked there', async () => {
  const env = environment();
  await using server = taskwire(['server'], { env: { ...env, TASKWIRE_AUTH: 'tokens' } });
  const url = await listening(server);
  const create = ['token', 'create', '--owner', 'acme', '--scopes', 'tasks:read, queues:manage'];
  const made = await finished([...create, '--name', 'the shop', '--expires-in', '30d'], env);
  expect(made.code).toBe(0);
  expect(made.stdout).toMatch(/^twk_[0-9a-f]{16}_[\w-]{43}\n$/);
  const token = made.stdout.trim();
  const id = token.slice(4, 20);
  expect(made.stderr).toMatch(
    new RegExp(
      `^API token ${id} of acme for tasks:read, queues:manage, until .*Z\\. It is shown this once:\n$`,
    ),
  );

  expect(await finished(['queues', '--url', url, '--token', token], {})).toMatchObject({ code: 0 });
  const listed = await finished(['token', 'list'], env);
  expect(listed.stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toMatchObject([
    ['id', 'owner', 'scopes', 'name', 'created', 'expires', 'last used'],
    [
      id,
      'acme',
      'tasks:read,queues:manage',
      'the shop',
      expect.any(String),
      expect.any(String),
      expect.stringMatching(/Z$/),
    ],
    [''],
  ]);
  expect(listed.stdout).not.toContain(token.slice(-43));
  await using logs = taskwire(['logs', 'default_01jq3v4x5y6z7a8b9c0d1e2f3g', '--url', url], {
    env: { TASKWIRE_TOKEN: token },
  });
  expect(await logs.ended).toMatchObject({ code: 1 });
  expect(logs.stderr).toContain('TASK_NOT_FOUND');

  expect(await finished(['token', 'revoke', id], env)).toMatchObject({
    code: 0,
    stdout: `${id} is revoked\n`,
  });

  await vi.waitFor(
    async () => {
      const refused = await finished(['queues', '--url', url], { TASKWIRE_TOKEN: token });
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.stderr).toMatch(
        /^taskwire: UNAUTHENTICATED: .*\nGive a token that is valid with --token or TASKWIRE_TOKEN\.\n$/,
      );
    },
    { timeout: 20_000 },
  );
  expect(await finished(['token', 'revoke', token], env)).toMatchObject({ code: 1, stdout: '' });
  expect(await finished(['token', 'list'], env)).toMatchObject({
    stdout: expect.stringMatching(/^There is no API token\. Make one/),
  });
  // Whatever was said of all this, none of it is the token.
  expect(server.stderr).not.toContain(token.slice(-43));
});

test('who follows something with a token that is not valid is told so at once', async () => {
  const env = environment();
  await using server = taskwire(['server'], { env: { ...env, TASKWIRE_AUTH: 'tokens' } });
  const url = await listening(server);

  const follow = await finished(['logs', 'default_01jq3v4x5y6z7a8b9c0d1e2f3g', '--follow', '--url', url], {
    TASKWIRE_TOKEN: 'twk_wrong',
  });

  expect(follow).toMatchObject({ code: 1, stdout: '' });
  expect(follow.stderr).toMatch(/refuses the token \(.*\)\. Give a token that is valid/);
  expect(follow.stderr).not.toContain('twk_wrong');
});

test.each([
  [['create', '--scopes', 'admin'], 'Name by --owner whom it signs in.'],
  [['create', '--owner', 'acme'], 'Name by --scopes what it is good for'],
  [['create', '--owner', 'acme', '--scopes', 'root'], 'scopes: Expected some of tasks:read, tasks:write'],
  [['create', '--owner', ' ', '--scopes', 'admin'], 'owner: Expected 1 to 200 characters'],
  [
    ['create', '--owner', 'a', '--scopes', 'admin', '--expires-in', 'soon'],
    "such as '12h' or '30d', got 'soon'",
  ],
])('a token that can not be made says why: %j', async (args, message) => {
  const result = await finished(['token', ...args], environment());

  expect(result).toMatchObject({ code: 2, stdout: '' });
  expect(result.stderr).toContain(message);
});

test('where the store does not answer, the commands say which one that is, without its password', async () => {
  const REDIS_URL = `redis://user:topsecret@127.0.0.1:${await freePort()}`;

  const result = await finished(['token', 'list'], { REDIS_URL });

  expect(result).toMatchObject({ code: 1, stdout: '' });
  expect(result.stderr).toMatch(
    /^taskwire: The store at redis:\/\/user:\*\*\*@.*ECONNREFUSED.*taskwire doctor/,
  );
});

test('a server without a word on how clients sign in does not start, and neither does one that is open to others', async () => {
  const env = environment();

  const silent = await finished(['server'], { ...env, TASKWIRE_AUTH: '' });
  expect(silent).toMatchObject({ code: 2 });
  expect(silent.stderr).toContain('TASKWIRE_AUTH (or --auth) is needed: how clients sign in: tokens');
  const open = await finished(['server', '--host', '0.0.0.0'], { ...env, TASKWIRE_AUTH: 'open' });
  expect(open).toMatchObject({ code: 2 });
  expect(open.stderr).toContain('--host 0.0.0.0: others can reach it');
});

test('a module of your own signs clients in, and one that can not says why', async () => {
  await using folder = await Folder.create({
    'auth.ts': `
      import { UnauthenticatedError, type Authenticate } from 'taskwire';
      export const authenticate: Authenticate = ({ token }) => {
        if (token === 'old') throw new UnauthenticatedError('Your trial is over.');
        return token === 'mine' ? { owner: 'me', scopes: ['queues:manage', 'tasks:read'] } : null;
      };
    `,
    'none.ts': 'export const authorize = true;',
  });
  const options = { cwd: folder.path, env: { ...environment(), TASKWIRE_AUTH: './auth.ts' } };
  await using server = taskwire(['server'], options);
  const url = await listening(server);

  expect(await finished(['queues', '--url', url, '--token', 'mine'], {})).toMatchObject({ code: 0 });
  expect((await finished(['queues', '--url', url, '--token', 'old'], {})).stderr).toContain(
    'Your trial is over.',
  );
  expect(await finished(['queues', '--url', url], {})).toMatchObject({ code: 1 });
  await using without = taskwire(['server', '--auth', './none.ts'], options);
  expect(await without.ended).toMatchObject({ code: 2 });
  expect(without.stderr).toContain('--auth ./none.ts: exports no function authenticate; write `export async');
  await using missing = taskwire(['server', '--auth', './nowhere.ts'], options);
  expect(await missing.ended).toMatchObject({ code: 2 });
});

test('a server does not start with a key that can not be read, or that is none', async () => {
  await using folder = await Folder.create({ 'key.pem': 'no key' });
  const env = {
    ...environment(),
    TASKWIRE_AUTH: 'jwt',
    TASKWIRE_JWT_ISSUER: 'https://login.example.com',
    TASKWIRE_JWT_AUDIENCE: 'taskwire',
  };
  for (const [path, message] of [
    ['key.pem', 'JWT: expected a public key as PEM'],
    ['nowhere.pem', '--jwt-public-key: expected a file that can be read: ENOENT'],
  ] as const) {
    await using server = taskwire(['server', '--jwt-public-key', path], { cwd: folder.path, env });
    expect(await server.ended).toMatchObject({ code: 2 });
    expect(server.stderr).toContain(message);
  }
});
