import type { Settings } from '../config.ts';
import type { Logger } from '../logger.ts';
import type { WorkerSource } from '../prometheus/worker-monitor.ts';
import { startWorker, type Worker } from '../worker/worker.ts';
import { exitCodes } from './exit.ts';
import { loadAll } from './definitions.ts';
import { commandLogger } from './log.ts';
import { untilAsked } from './signals.ts';
import { commandTraces } from './traces.ts';

/** `taskwire worker`: takes tasks until a signal, then finishes what it can in its grace and gives back the rest. */
export async function worker(settings: Settings<'worker'>): Promise<number> {
  const asked = untilAsked();
  const logger = commandLogger(settings);
  const definitions = await loadAll(settings.tasks);
  // Sends the rest once the worker has stopped.
  await using tracing = await commandTraces(settings.traces, 'taskwire-worker', logger);
  let current: Worker | undefined;
  // Before the worker, which waits for Redis.
  await using _monitor = await startMonitor(settings, logger, () => current);
  const options = {
    redis: { url: settings.redisUrl, prefix: settings.prefix },
    definitions,
    ...(settings.queues === undefined ? {} : { queues: settings.queues }),
    concurrency: settings.concurrency,
    leaseMs: settings.lease,
    logger,
    traces: tracing.traces,
  };
  const starting = startWorker(options, (worker) => (current = worker));
  // It waits for Redis; who stops it meanwhile doesn't have to.
  const running = await Promise.race([starting, asked]);
  if (typeof running === 'string') return exitCodes.ok;
  logger.info({ worker: running.id, definitions: definitions.length }, 'the worker takes tasks');
  const stuck = running.stuck.then((queue) => ({ queue }));
  const why = await Promise.race([asked, stuck]);
  logger.info(
    { ...(typeof why === 'string' ? { signal: why } : why), graceMs: settings.grace },
    'the worker stops',
  );
  await running.stop(settings.grace);
  // A worker that can't take tasks any more ends as a failure, so that whoever looks after it starts another one.
  return typeof why === 'string' ? exitCodes.ok : exitCodes.failure;
}

/** Before there is a worker, as while its definitions are looked at. */
const unmade: WorkerSource = {
  isStoreUp: false,
  slots: 0,
  busy: 0,
  notReady: 'The worker is about to start.',
};

/** What tells Prometheus and orchestrators how the worker is, where a port is set. */
async function startMonitor(
  { metricsPort: port, metricsHost: host }: Settings<'worker'>,
  logger: Logger,
  worker: () => Worker | undefined,
): Promise<AsyncDisposable | undefined> {
  if (port === undefined) return undefined;
  const { startWorkerMonitor } = await import('../prometheus/worker-monitor.ts');
  const monitor = await startWorkerMonitor({ port, host }, () => worker() ?? unmade, logger);
  logger.info({ host, port: monitor.port }, 'the worker tells its metrics');
  return monitor;
}
