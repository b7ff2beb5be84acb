import { createServer, type Server, type ServerResponse } from 'node:http';
import { listen } from '../listen.ts';
import type { Logger } from '../logger.ts';
import { Exposition } from './exposition.ts';
import type { Metric } from './metric.ts';
import { processMetrics, type ProcessSource } from './process-metrics.ts';

/** What a worker shows when it is asked. */
export interface WorkerSource extends ProcessSource {
  /** Slots on all of its queues, and attempts that run in them. */
  readonly slots: number;
  readonly busy: number;
  /** Why it takes no tasks right now; undefined while it does. */
  readonly notReady: string | undefined;
}

/** Of workers. */
export const workerMetrics: readonly Metric<WorkerSource>[] = [
  {
    name: 'taskwire_worker_ready',
    type: 'gauge',
    help: 'Whether the worker takes tasks: 1, or 0 while it starts, stops, is drained, or does not reach the store.',
    labels: [],
    read: ({ notReady }) => [[notReady === undefined ? 1 : 0]],
  },
  {
    name: 'taskwire_worker_slots',
    type: 'gauge',
    help: 'Slots of the worker, on all of its queues.',
    labels: [],
    read: ({ slots }) => [[slots]],
  },
  {
    name: 'taskwire_worker_attempts_running',
    type: 'gauge',
    help: 'Attempts that run now, also those that wait for their children.',
    labels: [],
    read: ({ busy }) => [[busy]],
  },
];

/** The port is taken. */
export class MonitorPortError extends Error {
  readonly code = 'EADDRINUSE';

  constructor(port: number, host: string, options?: ErrorOptions) {
    super(
      `Port ${port} on ${host} is in use. Choose another one with --metrics-port or TASKWIRE_METRICS_PORT.`,
      options,
    );
    this.name = 'MonitorPortError';
  }
}

/**
 * Starts the little HTTP server beside a worker: `/metrics`, `/health`, `/ready`. Nobody signs in to it.
 *
 * @throws MonitorPortError
 */
export async function startWorkerMonitor(
  { port, host }: { readonly port: number; readonly host: string },
  source: () => WorkerSource,
  logger: Logger,
): Promise<WorkerMonitor> {
  const monitor = new WorkerMonitor(source, logger);
  await monitor.listen(port, host);
  return monitor;
}

/** Answers who looks after workers: a Prometheus, an orchestrator. */
export class WorkerMonitor implements AsyncDisposable {
  readonly #exposition: Exposition<WorkerSource> = new Exposition([...processMetrics, ...workerMetrics]);
  readonly #source: () => WorkerSource;
  readonly #logger: Logger;
  readonly #http: Server;
  #port = 0;

  constructor(source: () => WorkerSource, logger: Logger) {
    this.#source = source;
    this.#logger = logger;
    this.#http = createServer(
      { maxHeaderSize: 8_192, headersTimeout: 5_000, requestTimeout: 5_000 },
      ({ method = 'GET', url = '/' }, response) => void this.#answer(method, url, response),
    );
    this.#http.maxConnections = 100;
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#port;
  }

  async listen(port: number, host: string): Promise<void> {
    const inUse = (cause: Error) => new MonitorPortError(port, host, { cause });
    this.#port = await listen(this.#http, { port, host }, this.#logger, inUse);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#http.close(() => resolve());
    this.#http.closeAllConnections();
    await promise;
  }

  async #answer(method: string, url: string, response: ServerResponse): Promise<void> {
    try {
      await this.#route(method, url, response);
    } catch (error) {
      this.#logger.error({ err: error }, 'a request failed unexpectedly');
      if (!response.headersSent) answerJson(response, 500, { message: 'Internal error.' });
    }
  }

  async #route(method: string, url: string, response: ServerResponse): Promise<void> {
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return answerJson(response, 405, { message: `${method} is not allowed here.` });
    }
    switch (url.split('?', 1)[0]) {
      case '/metrics': {
        const { contentType, text } = await this.#exposition.read(this.#source());
        response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' });
        response.end(method === 'HEAD' ? undefined : text);
        return;
      }
      case '/health':
        return answerJson(response, 200, { status: 'ok' });
      case '/ready': {
        const { notReady: reason } = this.#source();
        if (reason === undefined) return answerJson(response, 200, { status: 'ready' });
        return answerJson(response, 503, { status: 'not ready', reason });
      }
      default:
        return answerJson(response, 404, {
          message: 'Nothing is here. There are /metrics, /health and /ready.',
        });
    }
  }
}

function answerJson(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(body)}\n`);
}
