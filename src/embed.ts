import type { AuthOptions } from './auth/authentication.ts';
import type { TaskDefinition } from './definition/definition.ts';
import { inlineQueue } from './definition/inline.ts';
import type { Logger } from './logger.ts';
import type { Server, ServerOptions } from './server/server.ts';
import type { TracerProvider } from '@opentelemetry/api';
import type { Tasks, TasksOptions } from './tasks/tasks.ts';
import type { Traces } from './traces.ts';
import type { InlineOptions } from './worker/inline.ts';
import type { Worker, WorkerOptions } from './worker/worker.ts';

// Each part is loaded when it is first asked for: a task file that imports `defineTask` from here runs in
// workers and threads, which a whole API server would cost half a second of CPU and 30 MB each.

/** Options of a part of Taskwire in a program of your own, where the logger can be left out. */
export type EmbedOptions<Options extends { readonly logger: Logger }> = Omit<Options, 'logger'> & {
  /** @default lines on stderr, from level `info` */
  readonly logger?: Logger;
};

/**
 * Opens what enqueues, reads, watches, cancels, retries and replays tasks, for a backend that doesn't go through GraphQL.
 *
 * @throws {ConfigurationError} where the definitions don't go together.
 * @example
 * await using tasks = await connectTasks({ redis: { url: 'redis://127.0.0.1' }, definitions: [resizeImage] });
 * const { id } = await tasks.enqueue(resizeImage, { url: 'https://example.com/a.png', width: 100 });
 * for await (const { status } of tasks.watch(id)) console.log(status);
 */
export async function connectTasks(options: EmbedOptions<TasksOptions>): Promise<Tasks> {
  const { connectTasks } = await import('./tasks/tasks.ts');
  return await connectTasks({ ...options, logger: options.logger ?? (await usualLogger()) });
}

/**
 * Starts a worker in this process; resolves once it takes tasks. It leaves the queue `inline` to the API, unless
 * `queues` names it. Its `stuck` resolves when the process should be ended, as every slot of a queue is held by a `run`
 * that ignores its signal.
 *
 * @throws {ConfigurationError} where the definitions don't go together, or a setting can't be used.
 */
export async function startWorker(options: EmbedOptions<WorkerOptions>): Promise<Worker> {
  const { startWorker } = await import('./worker/worker.ts');
  return await startWorker({ ...options, logger: options.logger ?? (await usualLogger()) });
}

/** Options of an API server in a program of your own. */
export type EmbedServerOptions = EmbedOptions<
  Omit<ServerOptions, 'startInline' | 'authenticator' | 'apiTokens'>
> & {
  /** How clients sign in; `open` lets everybody do everything, and is only for an address of this machine. */
  readonly auth: 'open' | AuthOptions;
  /** How the tasks of the queue `inline` are run in this process; `false` leaves them to others. @default {} */
  readonly inline?: InlineOptions | false;
};

/**
 * Makes an API server on tasks that are connected; call its `listen`. From now on it also runs the tasks of the queue
 * `inline`, where one of the definitions names it, on the Redis that `tasks` is connected to, until it is closed.
 *
 * @throws {ConfigurationError} where names of the definitions clash, or a setting can't be used.
 * @example
 * await using server = await createServer({ tasks, auth: { tokens: true }, inline: { concurrency: 20 } });
 * const { url } = await server.listen(4000);
 */
export async function createServer({ auth, inline = {}, ...options }: EmbedServerOptions): Promise<Server> {
  const [{ createServer }, { openAuthentication }] = await Promise.all([
    import('./server/server.ts'),
    import('./auth/authentication.ts'),
  ]);
  const logger = options.logger ?? (await usualLogger());
  const { tasks } = options;
  const { redis, definitions, leaseMs, traces } = tasks.options;
  const startInline =
    inline === false || definitions.every(({ queue }) => queue !== inlineQueue)
      ? undefined
      : (await import('./worker/inline.ts')).startInline;
  const asTasks = { redis, definitions, traces, ...(leaseMs === undefined ? {} : { leaseMs }) };
  const authentication = await openAuthentication(auth, { redis, connection: tasks.connection, logger });
  try {
    return createServer({
      ...options,
      ...authentication,
      logger,
      startInline: startInline && (() => startInline({ ...asTasks, logger, ...inline })),
    });
  } catch (error) {
    authentication.authenticator.close();
    throw error;
  }
}

/**
 * Loads the definitions of files and folders, as the `tasks` setting does.
 *
 * @throws {ConfigurationError} with all problems of all files.
 */
export async function loadDefinitions(paths: readonly string[]): Promise<TaskDefinition[]> {
  const { loadDefinitions } = await import('./definition/load.ts');
  return await loadDefinitions(paths);
}

/**
 * Opens traces, for the option `traces` of `connectTasks` and `startWorker`: by your provider of OpenTelemetry, or by the one
 * that your program has registered.
 */
export async function openTraces(provider?: TracerProvider): Promise<Traces> {
  const { openTraces } = await import('./tracing/open-traces.ts');
  return openTraces(provider);
}

async function usualLogger(): Promise<Logger> {
  const { createLogger } = await import('./logger.ts');
  return createLogger();
}
