import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type Command, commands, readSettings, table } from '../../src/config.ts';

// There may be no Docker where these run, so they hold the files against the command line that they use.
const compose = await read('docker-compose.yml');
const dockerfile = await read('Dockerfile');

test('the containers run commands that there are, with settings that these take', () => {
  const ours = [...compose.matchAll(/^ {4}command:\s+(\[[^\]]*\])$/gm)]
    .map(([, list = '']) => words(list))
    .filter(isOurs);

  expect(ours.map(([command]) => command)).toStrictEqual(['server', 'worker']);
  const env = { REDIS_URL: 'redis://redis:6379', TASKWIRE_AUTH: 'tokens', HOST: '0.0.0.0' };
  for (const [command, ...args] of ours) {
    const names = args.filter((_, index) => index % 2 === 0).map((flag) => settingNamed('flag', flag));
    const flags = Object.fromEntries(names.map((name, index) => [name, args[index * 2 + 1]]));
    // One of the commands, as checked above.
    expect(() => readSettings(command as Command, flags, env)).not.toThrow();
  }
});

test('the containers set only variables that Taskwire reads', () => {
  const [, block = ''] = /environment: &environment\n((?: {6}.*\n)+)/.exec(compose) ?? [];
  const variables = [...block.matchAll(/^ {6}([A-Z_]+):/gm)].map(([, name = '']) => name);

  expect(variables).toContain('REDIS_URL');
  for (const variable of variables) expect(settingNamed('env', variable)).toBeDefined();
});

test('who comes to the containers has to sign in', () => {
  expect(compose).toContain('TASKWIRE_AUTH: ${TASKWIRE_AUTH:-tokens}');
});

test('Redis keeps what it is told: it appends to a file and never drops keys', () => {
  expect(compose).toMatch(
    /command:\s+\['redis-server'.*'--appendonly', 'yes'.*'--maxmemory-policy', 'noeviction'\]/,
  );
  expect(compose).toMatch(/redis:\/data/);
});

test('the health check and the published port are those of the API', () => {
  const port = String(readSettings('dev', {}, {}).port);

  expect(compose).toContain(`http://127.0.0.1:${port}/ready`);
  expect(compose).toMatch(new RegExp(`- '127\\.0\\.0\\.1:\\$\\{PORT:-${port}\\}:${port}'`));
  expect(dockerfile).toContain(`EXPOSE ${port}`);
  expect(dockerfile).toContain('ENV HOST=0.0.0.0');
});

test('Docker waits longer for a worker than the worker for its tasks', () => {
  const [, seconds] = /stop_grace_period: (\d+)s/.exec(compose) ?? [];
  const [, grace] = /'--grace', '(\d+)s'/.exec(compose) ?? [];

  expect(Number(seconds)).toBeGreaterThan(Number(grace) + 10);
});

test('the image runs as an ordinary user, without what only development needs', () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));

  expect(dockerfile).toContain('npm ci --omit=dev');
  expect(last).toMatch(/^USER node$/m);
  expect(last).toMatch(/^ENTRYPOINT \["node", "dist\/cli\/bin\.js"\]$/m);
  expect(last).toMatch(/^CMD \["server"\]$/m);
});

async function read(name: string): Promise<string> {
  return await readFile(new URL(`../../${name}`, import.meta.url), 'utf8');
}

/** The words of a list in YAML's one-line form. */
function words(list: string): readonly string[] {
  return [...list.matchAll(/'([^']*)'/g)].map(([, word = '']) => word);
}

function isOurs([command]: readonly string[]): boolean {
  return commands.some((name) => name === command);
}

function settingNamed(key: 'flag' | 'env', value: string): string | undefined {
  return Object.entries(table).find(([, entry]) => entry[key] === value)?.[0];
}
