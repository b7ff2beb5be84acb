import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { freePort } from '../support/redis-server.ts';
import { connectTasks } from '../../src/tasks/tasks.ts';
import { loadDefinitions } from '../../src/definition/load.ts';
import { testLogger } from '../support/stores.ts';
import { environment, Folder, taskwire } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });

const double = `import { defineTask } from '${import.meta.resolve('../../src/index.ts')}';
export const double = defineTask({ name: 'double', input: (t) => ({ n: t.int() }), run: () => undefined });
`;

const traceId = '0af7651916cd43dd8448eb211c80319c';

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly traceId: string;
        readonly parentSpanId?: string;
      }[];
    }[];
  }[];
}

/** A collector that takes OTLP over HTTP, as JSON. */
async function collector() {
  const bodies: Sent[] = [];
  const server = createServer(async (request, response) => {
    const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
    // What the exporter sends by its specification.
    if (request.url === '/v1/traces') bodies.push(JSON.parse(Buffer.concat(chunks).toString()) as Sent);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Has a task run by a `taskwire worker` with these settings; gives what the worker said until it was stopped. */
async function worked(args: readonly string[], settings: NodeJS.ProcessEnv) {
  await using folder = await Folder.create({ 'tasks/double.ts': double });
  const env = environment();
  await using worker = taskwire(['worker', ...args], { cwd: folder.path, env: { ...env, ...settings } });
  const definitions = await loadDefinitions([join(folder.path, 'tasks')]);
  const redis = { url: env['REDIS_URL'] ?? '', prefix: env['TASKWIRE_PREFIX'] ?? '' };
  await using tasks = await connectTasks({ redis, definitions, logger: testLogger });
  const trace = `00-${traceId}-b7ad6b7169203331-01`;
  const { id } = await vi.waitFor(() => tasks.enqueue('double', { n: 1 }, { trace }), { timeout: 10_000 });
  const states = await Array.fromAsync(tasks.watch(id));
  worker.signal('SIGTERM');
  return { status: states.at(-1)?.status, end: await worker.ended, stderr: worker.stderr };
}

test('a worker with --traces otlp sends the span of each attempt to the collector, the last ones when it stops', async () => {
  await using receiver = await collector();

  const { status, end } = await worked(['--traces', 'otlp'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_SERVICE_NAME: 'images',
  });

  expect([status, end.code]).toEqual(['SUCCEEDED', 0]);
  const sent = receiver.bodies.flatMap(({ resourceSpans }) => resourceSpans);
  expect(sent.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))).toMatchObject([
    { name: 'run double', traceId, parentSpanId: 'b7ad6b7169203331' },
  ]);
  expect(sent[0]?.resource.attributes).toContainEqual({
    key: 'service.name',
    value: { stringValue: 'images' },
  });
});

test('a worker sends what its sampler takes, and does not start where it is told of one that there is not', async () => {
  await using receiver = await collector();
  const settings = { TASKWIRE_TRACES: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };

  const off = await worked([], { ...settings, OTEL_TRACES_SAMPLER: 'always_off' });
  await using wrong = taskwire(['worker'], {
    env: { ...environment(), ...settings, OTEL_TRACES_SAMPLER: 'half' },
  });

  expect([off.status, receiver.bodies]).toEqual(['SUCCEEDED', []]);
  expect(await wrong.ended).toMatchObject({ code: 2 });
  expect(wrong.stderr).toContain('OTEL_TRACES_SAMPLER: expected one of always_on, always_off, traceidratio');
});

test('where the collector is away the work goes on, the worker says so and stops in time', async () => {
  const { status, end, stderr } = await worked(['--traces', 'otlp'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
  });

  expect([status, end.code]).toEqual(['SUCCEEDED', 0]);
  expect(stderr).toMatch(/worker has stopped[^]*the last traces could not be sent/);
});

test('where traces are off nothing of OpenTelemetry is loaded', async () => {
  await using folder = await Folder.create({
    'tell.mjs': `import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) { if (url.includes('opentelemetry')) console.error('loads ' + url); return next(url, context); } });
`,
  });
  const telling = { NODE_OPTIONS: `--import ${pathToFileURL(join(folder.path, 'tell.mjs')).href}` };

  const off = await worked([], telling);
  const on = await worked([], {
    ...telling,
    TASKWIRE_TRACES: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
  });

  expect(off).toMatchObject({ status: 'SUCCEEDED', end: { code: 0 } });
  expect(off.stderr).not.toContain('loads ');
  expect(on.stderr).toMatch(/loads .*opentelemetry/);
});
