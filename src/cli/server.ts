import type { AuthOptions } from '../auth/authentication.ts';
import type { Settings } from '../config.ts';
import type { TaskDefinition } from '../definition/definition.ts';
import { createServer } from '../embed.ts';
import type { Logger } from '../logger.ts';
import type { RedisSettings } from '../redis/connection.ts';
import { graphqlPath } from '../server/pipeline.ts';
import { defaultLeaseMs } from '../tasks/clock.ts';
import { connectTasks } from '../tasks/tasks.ts';
import type { Traces } from '../traces.ts';
import { loadAuth } from './auth.ts';
import { exitCodes } from './exit.ts';
import { loadAll } from './definitions.ts';
import { commandLogger } from './log.ts';
import { auditOptions, type AuditSettings } from './audit-settings.ts';
import { rateOptions, type RateSettings } from './rate-settings.ts';
import { untilAsked } from './signals.ts';
import { commandTraces } from './traces.ts';

/** What an API process is made of. */
export interface ApiOptions extends AuditSettings, RateSettings {
  readonly redis: RedisSettings;
  readonly definitions: readonly TaskDefinition[];
  readonly logger: Logger;
  readonly host: string;
  readonly port: number;
  readonly auth: 'open' | AuthOptions;
  readonly graphiql: boolean;
  /** Whether it serves the dashboard. @default true */
  readonly dashboard?: boolean;
  /** Whether it tells its metrics. @default true */
  readonly metrics?: boolean;
  /** Path below which browsers find it. @default / */
  readonly basePath?: string;
  /** How long a lost worker's lease lasts, in ms: the same as the workers'. @default 15000 */
  readonly lease?: number;
  readonly origins?: readonly string[] | undefined;
  /** Where it tells what it does. @default nowhere */
  readonly traces?: Traces | undefined;
  /** Proxies in front of it that tell who has asked them. @default 0 */
  readonly trustProxy?: number;
  /** Tasks of the queue `inline` that run at once. @default 10 */
  readonly inlineConcurrency?: number;
  /** How long they may go on when the API closes, in ms. @default 30000 */
  readonly grace?: number;
}

/** `taskwire server`: the API, which runs the tasks of the queue `inline`, until a signal. */
export async function server(settings: Settings<'server'>): Promise<number> {
  const asked = untilAsked();
  const logger = commandLogger(settings);
  const [definitions, auth] = await Promise.all([loadAll(settings.tasks), loadAuth(settings)]);
  const redis = { url: settings.redisUrl, prefix: settings.prefix };
  // Sends the rest once the API has stopped.
  await using tracing = await commandTraces(settings.traces, 'taskwire-server', logger);
  const { traces } = tracing;
  const api = await startApi({ ...settings, auth, redis, definitions, logger, traces });
  logger.info({ url: api.url, definitions: definitions.length }, 'the API listens');
  logger.info({ signal: await asked }, 'the API stops');
  await api.close();
  logger.info('the API has stopped');
  return exitCodes.ok;
}

/** An API that listens; `url` is its GraphQL endpoint. */
export interface Api {
  readonly url: string;
  readonly port: number;
  /** Ends what it runs after `graceMs`, or the grace of its options. */
  close(graceMs?: number): Promise<void>;
}

/** Connects, listens, and hands back how to end both. Redis may come later; a port in use is thrown. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const {
    redis,
    definitions,
    logger,
    host,
    port,
    auth,
    graphiql,
    dashboard,
    metrics,
    basePath,
    lease: leaseMs = defaultLeaseMs,
    origins,
    traces,
    trustProxy = 0,
    inlineConcurrency,
    grace,
  } = options;
  const tasks = await connectTasks({ redis, definitions, logger, leaseMs, traces });
  const inline = {
    ...(inlineConcurrency === undefined ? {} : { concurrency: inlineConcurrency }),
    ...(grace === undefined ? {} : { graceMs: grace }),
  };
  // In its order, and whatever could be opened before one can't.
  await using opened = new AsyncDisposableStack();
  opened.defer(() => tasks.close());
  const api = await createServer({
    tasks,
    auth,
    logger,
    graphiql,
    dashboard,
    metrics,
    basePath,
    origins,
    trustProxy,
    inline,
    rates: rateOptions(options),
    audit: auditOptions(options),
  });
  opened.defer(() => api.close());
  const listening = await api.listen(port, host);
  opened.move();
  return {
    url: `${listening.url}${(basePath ?? '').replace(/\/$/, '')}${graphqlPath}`,
    port: listening.port,
    close: async (graceMs) => {
      await api.close(graceMs);
      await tasks.close();
    },
  };
}
