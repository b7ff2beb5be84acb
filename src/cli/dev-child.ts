// The process of one part of `taskwire dev`: the API or the worker.
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { TaskDefinition } from '../definition/definition.ts';
import { ConfigurationError } from '../errors.ts';
import type { AuthOptions } from '../auth/authentication.ts';
import { loadAuth } from './auth.ts';
import { loadAll } from './definitions.ts';
import type { Loading, Order, PartSettings, Role, Start } from './dev-part.ts';
import { commandLogger } from './log.ts';
import { leaveSignalsToParent } from './signals.ts';
import { commandTraces } from './traces.ts';

// `startPart` writes this command line and sends these messages; nobody else does.
const [role, json] = process.argv.slice(2) as [Role, string];
const settings = JSON.parse(json) as PartSettings;

/** Without a parent, how long ending may take beyond the grace: its store ends at the same time. */
const patienceMs = 2_000;

type Go = Extract<Order, { type: 'go' }>;
type Stop = (graceMs: number) => Promise<void>;

const going = Promise.withResolvers<Go>();
const stopping = Promise.withResolvers<number>();
leaveSignalsToParent();
process.on('message', (order: Order) =>
  order.type === 'go' ? going.resolve(order) : stopping.resolve(order.graceMs),
);
process.once('disconnect', endWithParent);
// It may have gone while the imports above took their time.
if (!process.connected) endWithParent();

const [loaded, start] = await Promise.all([load(), importStart()]);
const order = loaded && (await Promise.race([going.promise, stopping.promise]));
if (loaded && typeof order === 'object') {
  const starting = start(loaded, order).catch(async (error: unknown) => {
    await tell({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
  });
  // A worker waits for Redis; who stops it meanwhile doesn't have to.
  const stop = await Promise.race([starting, stopping.promise]);
  if (typeof stop === 'function') await stop(await stopping.promise);
}
// Whatever a task file left open.
process.exit(0);

/** What files say. */
interface Loaded {
  readonly definitions: readonly TaskDefinition[];
  readonly auth: 'open' | AuthOptions;
}

/** Loads the definitions and how clients sign in, taking note of the files that they come from. */
async function load(): Promise<Loaded | undefined> {
  const files = new Set<string>();
  const own = new URL('..', import.meta.url).href;
  const hooks = registerHooks({
    load(url, context, next) {
      if (url.startsWith('file:') && !url.startsWith(own) && !url.includes('/node_modules/')) {
        files.add(fileURLToPath(url));
      }
      return next(url, context);
    },
  });
  try {
    const definitions = await loadAll(settings.tasks);
    const jwtSecret = process.env['TASKWIRE_JWT_SECRET'];
    const auth = role === 'api' ? await loadAuth({ ...settings, jwtSecret }) : 'open';
    await tell({ type: 'loaded', names: definitions.map(({ name }) => name), files: [...files] });
    return { definitions, auth };
  } catch (error) {
    const problems = error instanceof ConfigurationError ? error.problems : [String(error)];
    await tell({ type: 'refused', problems, files: [...files] });
    return undefined;
  } finally {
    hooks.deregister();
  }
}

/** What `go` starts. Each role imports its own, so that the worker doesn't wait for a GraphQL server to load. */
async function importStart(): Promise<(loaded: Loaded, go: Go) => Promise<Stop>> {
  const { concurrency, prefix, lease: leaseMs } = settings;
  const logger = commandLogger(settings, role);
  const service = role === 'api' ? 'taskwire-server' : 'taskwire-worker';
  const tracing = await commandTraces(settings.traces, service, logger);
  const { traces } = tracing;
  if (role === 'api') {
    const { startApi } = await import('./server.ts');
    return async ({ definitions, auth }, { redisUrl, port }) => {
      const api = await startApi({
        ...settings,
        auth,
        redis: { url: redisUrl, prefix },
        definitions,
        logger,
        port,
        traces,
      });
      await tell({ type: 'ready', url: api.url, port: api.port });
      return async (graceMs) => {
        await api.close(graceMs);
        await tracing[Symbol.asyncDispose]();
      };
    };
  }
  const { startWorker } = await import('../worker/worker.ts');
  return async ({ definitions }, { redisUrl }) => {
    const redis = { url: redisUrl, prefix };
    const worker = await startWorker({ redis, definitions, concurrency, leaseMs, logger, traces });
    await tell({ type: 'ready' });
    return async (graceMs) => {
      await worker.stop(graceMs);
      await tracing[Symbol.asyncDispose]();
    };
  };
}

/** The parent is gone without a word: nobody may stay behind. */
function endWithParent(): void {
  stopping.resolve(settings.grace);
  setTimeout(() => process.exit(1), settings.grace + patienceMs);
}

/** Resolves when the parent has it, or is gone: a message that is under way would be lost by an exit. */
function tell(message: Loading | Start): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (process.send === undefined || !process.connected) resolve();
  else process.send(message, () => resolve());
  return promise;
}
