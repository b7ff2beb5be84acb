import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freePort } from '../support/redis-server.ts';
import { Folder, Program } from './program.ts';

const script = fileURLToPath(new URL('../../scripts/audit.js', import.meta.url));

/** A registry that answers audits so. */
async function registry(status: number, advisories: object) {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      // A package, and those that need it, are asked for to find versions without the vulnerability.
      const name = decodeURIComponent((request.url ?? '').slice(1));
      const version = '8.23.0';
      const known = { name, versions: { [version]: { name, version } }, 'dist-tags': { latest: version } };
      const answer = request.method === 'POST' ? advisories : known;
      const code = request.method === 'POST' ? status : 200;
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const advisory = (severity: string) => ({
  ws: [
    {
      id: 1,
      url: 'https://example.com/1',
      title: 'Frames bite',
      severity,
      vulnerable_versions: '<99',
      cwe: [],
    },
  ],
});

test.each([
  ['no vulnerability is known', 200, {}, 0, /nothing high or critical in \d+ packages/],
  ['one is known that is moderate', 200, advisory('moderate'), 0, /nothing high or critical/],
  [
    'one is known that is high',
    200,
    advisory('high'),
    1,
    /high: ws \*: Frames bite https:\/\/example\.com\/1/,
  ],
  ['the registry has no audits', 405, {}, 0, /unknown, as the registry can't say: 405/],
] as const)('when %s the audit ends accordingly', async (_, status, answer, code, says) => {
  await using asked = await registry(status, answer);
  await using cache = await Folder.create();
  await using audit = start(asked.url, cache);

  expect(await audit.ended).toMatchObject({ code });
  expect(audit.stdout).toMatch(says);
});

test('an audit without a registry fails nothing', async () => {
  await using cache = await Folder.create();
  await using audit = start(`http://127.0.0.1:${await freePort()}/`, cache);

  expect(await audit.ended).toMatchObject({ code: 0 });
  expect(audit.stdout).toMatch(/unknown/);
});

/** With a cache of its own: npm keeps what it has heard of a vulnerability. */
function start(url: string, { path }: Folder): Program {
  return new Program(process.execPath, [script], {
    env: { npm_config_registry: url, npm_config_cache: path },
  });
}
