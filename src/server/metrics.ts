import type { IncomingMessage, ServerResponse } from 'node:http';
import { hasScope } from '../auth/viewer.ts';
import { ForbiddenError } from '../errors.ts';
import type { MaskError } from '../graphql/errors.ts';
import type { Logger } from '../logger.ts';
import type { ApiMetrics, Open } from '../prometheus/api-metrics.ts';
import type { Tasks } from '../tasks/tasks.ts';
import { refuse } from './refusals.ts';
import type { SignIn } from './sign-in.ts';

export interface MetricsOptions {
  readonly tasks: Tasks;
  readonly signIn: SignIn;
  readonly maskError: MaskError;
  readonly logger: Logger;
  /** What clients have open now. */
  readonly open: () => Open;
}

/** Where a server tells its metrics. */
export const metricsPath = '/metrics';

/** Answers who may read a server's metrics: who has the scope `metrics:read`, and everybody where nobody signs in. */
export class Metrics {
  readonly #options: MetricsOptions;
  #loading: Promise<ApiMetrics> | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { signIn, maskError } = this.#options;
    try {
      const { viewer } = await signIn.session(signIn.credentialsOf(request));
      if (!hasScope(viewer, 'metrics:read'))
        throw new ForbiddenError(`${metricsPath} needs the scope metrics:read.`);
    } catch (error) {
      return refuse(response, error, { maskError, showedToken: request.headers.authorization !== undefined });
    }
    const { contentType, text } = await (await this.#metrics()).read();
    response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  /** Loaded by the first one who asks: many servers are never asked. */
  #metrics(): Promise<ApiMetrics> {
    const { tasks, open, logger } = this.#options;
    this.#loading ??= import('../prometheus/api-metrics.ts').then(
      ({ ApiMetrics }) => new ApiMetrics(tasks, open, logger),
    );
    return this.#loading;
  }
}
