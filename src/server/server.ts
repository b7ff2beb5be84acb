import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { ApiTokens } from '../auth/api-tokens.ts';
import { type Authenticator, openAuthenticator } from '../auth/authenticator.ts';
import { isLoopback } from '../auth/loopback.ts';
import { WatchAuthenticator } from '../auth/watch-authenticator.ts';
import { buildSchema } from '../graphql/schema.ts';
import { ConfigurationError } from '../errors.ts';
import { listen } from '../listen.ts';
import type { Logger } from '../logger.ts';
import type { Tasks } from '../tasks/tasks.ts';
import { CountedRequest, limitBody, takesEncoding } from './body.ts';
import { ClientPlaces } from './client-places.ts';
import { Dashboard } from './dashboard.ts';
import { Connections } from './connections.ts';
import { Metrics, metricsPath } from './metrics.ts';
import { answerNoPage, GraphiQL, isPageRequest } from './graphiql.ts';
import { type Answer, health, readiness } from './health.ts';
import {
  connectionDefaults,
  type ConnectionOptions,
  limitsOf,
  socketDefaults,
  type SocketOptions,
} from './limits.ts';
import { Origins } from './origins.ts';
import { type AuditOptions, AuditLog } from '../tasks/audit.ts';
import { defaultPrefix } from '../redis/connection.ts';
import { HttpOperations } from './http-operations.ts';
import type { OperationLimits } from './operation-limits.ts';
import { ownerLimits, type RateOptions, withFailureLimit } from './rates.ts';
import { graphqlPath, Pipeline } from './pipeline.ts';
import { foreignHost, foreignOrigin, misplacedToken, tooManySockets } from './refusals.ts';
import { SignIn } from './sign-in.ts';
import { withSignInAudit } from './sign-in-audit.ts';
import { Subscriptions } from './subscriptions.ts';
import { hasUrlToken } from './url-token.ts';
import { Sockets } from './websocket.ts';

export interface ServerOptions {
  readonly tasks: Tasks;
  readonly logger: Logger;
  /** Finds out who asks; closed with the server. */
  readonly authenticator: Authenticator;
  /** Where clients sign in by them: what makes and revokes them. */
  readonly apiTokens?: ApiTokens | undefined;
  /** Serves the page to try operations on. @default false */
  readonly graphiql?: boolean;
  /** Serves the dashboard at its root. @default true */
  readonly dashboard?: boolean | undefined;
  /** Tells metrics at `/metrics`, in the text format of Prometheus. @default true */
  readonly metrics?: boolean | undefined;
  /** The path below which browsers find all of it, as behind a proxy: `/taskwire`. Requests come with or without it. @default / */
  readonly basePath?: string | undefined;
  /** How many proxies in front of the server are trusted to say, by `X-Forwarded-For`, who has asked them. @default 0 */
  readonly trustProxy?: number;
  /** Origins of web pages that may use the API, beside its own: `https://app.example.com`, or `loopback`. @default none */
  readonly origins?: readonly string[] | undefined;
  /** The largest body of a request. @default 1048576 */
  readonly maxBodyBytes?: number;
  /** What one operation may ask for, where that isn't the default. */
  readonly operations?: Partial<OperationLimits> | undefined;
  /** How long requests and clients get to finish when the server closes. @default 1000 */
  readonly closeMs?: number;
  readonly sockets?: SocketOptions;
  readonly connections?: ConnectionOptions;
  /** How much each owner and each address may send, whichever API processes it goes to. */
  readonly rates?: RateOptions;
  /** What is written down of what clients do, and for how long. */
  readonly audit?: AuditOptions;
  /** Starts what runs tasks in this process; it is told to stop once the server no longer listens, and waited for. */
  readonly startInline?: (() => { stop(graceMs?: number): Promise<void> }) | undefined;
}

/** Makes the API server; it listens once it is told to. Throws a ConfigurationError where names clash. */
export function createServer(options: ServerOptions): Server {
  return new Server(options);
}

/** The port is taken by another process, or by another server of this one. */
export class PortInUseError extends Error {
  readonly code = 'EADDRINUSE';

  constructor(port: number, host: string, options?: ErrorOptions) {
    super(`Port ${port} on ${host} is in use. Choose another one with --port or PORT.`, options);
    this.name = 'PortInUseError';
  }
}

type Request = InstanceType<typeof CountedRequest>;
type Response = ServerResponse<Request>;

/** One HTTP server: GraphQL over HTTP, SSE and WebSocket, GraphiQL, health. */
export class Server implements AsyncDisposable {
  readonly #tasks: Tasks;
  readonly #logger: Logger;
  readonly #maxBodyBytes: number;
  readonly #closeMs: number;
  readonly #graphiql: GraphiQL | undefined;
  readonly #dashboard: Dashboard | undefined;
  /** Without the slash at its end: '' where there is none. */
  readonly #basePath: string;
  readonly #operations: HttpOperations;
  readonly #sockets: Sockets;
  readonly #metrics: Metrics | undefined;
  readonly #origins: Origins;
  readonly #connections: Connections;
  readonly #http: HttpServer<typeof CountedRequest>;
  readonly #inline: { stop(graceMs?: number): Promise<void> } | undefined;
  readonly #authenticator: Authenticator;
  readonly #audit: AuditLog;
  /** Whether everybody may do everything. */
  readonly #isOpen: boolean;
  readonly #closing: AbortController = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: ServerOptions) {
    const {
      tasks,
      logger,
      graphiql = false,
      origins,
      maxBodyBytes,
      closeMs = 1000,
      dashboard = true,
      basePath = '/',
      trustProxy = 0,
      operations,
      rates,
    } = options;
    const sockets = limitsOf('sockets', socketDefaults, options.sockets);
    const connections = limitsOf('connections', connectionDefaults, options.connections);
    const definitions = [...tasks.definitions.values()].map(({ definition }) => definition);
    const schema = buildSchema(definitions);
    this.#tasks = tasks;
    this.#logger = logger;
    this.#maxBodyBytes = maxBodyBytes ?? 1_048_576;
    this.#closeMs = closeMs;
    const isOpen = options.authenticator === openAuthenticator;
    this.#graphiql = graphiql ? new GraphiQL(schema, tasks, isOpen) : undefined;
    this.#basePath = basePath.replace(/\/$/, '');
    this.#dashboard = dashboard ? Dashboard.open(`${this.#basePath}/`) : undefined;
    const { prefix = defaultPrefix } = tasks.options.redis;
    this.#audit = new AuditLog(tasks.connection, prefix, logger, options.audit);
    const pipeline = new Pipeline({
      schema,
      tasks,
      logger,
      closing: this.#closing.signal,
      operations,
      hideSuggestions: !graphiql,
      limits: ownerLimits(rates),
      audit: this.#audit,
      apiTokens: options.apiTokens,
      traces: tasks.options.traces,
    });
    this.#origins = new Origins(origins, isOpen);
    const authenticator = withSignInAudit(
      withFailureLimit(
        new WatchAuthenticator(pipeline.watchTokens, options.authenticator),
        tasks.rates,
        rates,
      ),
      this.#audit,
    );
    this.#authenticator = authenticator;
    this.#isOpen = options.authenticator === openAuthenticator;
    const subscriptions = new Subscriptions(pipeline);
    const signIn = new SignIn(authenticator, trustProxy);
    const places = new ClientPlaces(sockets);
    this.#operations = new HttpOperations(pipeline, subscriptions, signIn, places, sockets);
    this.#sockets = new Sockets(pipeline, subscriptions, signIn, places, logger, sockets);
    this.#metrics =
      options.metrics === false
        ? undefined
        : new Metrics({
            tasks,
            signIn,
            maskError: pipeline.maskError,
            logger,
            open: () => ({ sockets: this.#sockets.size, eventStreams: this.#operations.streams }),
          });
    this.#http = createHttpServer(
      {
        IncomingMessage: CountedRequest,
        maxHeaderSize: 16_384,
        headersTimeout: Math.min(connections.headersMs, connections.requestMs),
        requestTimeout: connections.requestMs,
        keepAliveTimeout: connections.idleMs,
        // Node looks for the late ones twice a minute, unless told otherwise.
        connectionsCheckingInterval: Math.min(1000, connections.headersMs),
        // Who offers another protocol is answered in this one.
        shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
      },
      (request, response) => void this.#answer(request, response),
    );
    // Behind a proxy all connections are the proxy's.
    const maxPerAddress = trustProxy > 0 ? connections.max : connections.maxPerAddress;
    this.#connections = new Connections(logger, { ...connections, maxPerAddress });
    this.#connections.guard(this.#http);
    this.#http.on('upgrade', (request, connection, head) => this.#upgrade(request, connection, head));
    // Last, when nothing throws any more that would leave it running.
    this.#inline = options.startInline?.();
  }

  /**
   * Starts to listen; port 0 takes any free one.
   *
   * @throws PortInUseError; ConfigurationError where everybody may do everything and others than this machine could
   */
  async listen(port: number, host = '127.0.0.1'): Promise<{ url: string; port: number }> {
    if (this.#isOpen && !isLoopback(host)) throw new ConfigurationError([openToOthers(host)]);
    const inUse = (cause: Error) => new PortInUseError(port, host, { cause });
    const taken = await listen(this.#http, { port, host }, this.#logger, inUse);
    return { url: `http://${nameOf(host)}:${taken}`, port: taken };
  }

  /**
   * Ends all sockets and streams, so that clients subscribe elsewhere, lets requests finish, and stops listening. What
   * runs in this process may go on for `graceMs`, or as long as `inline` said.
   */
  async close(graceMs?: number): Promise<void> {
    this.#closed ??= Promise.all([this.#close(), this.#inline?.stop(graceMs)]).then(() => undefined);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    // Also closes the connections that no request uses.
    this.#http.close(() => resolve());
    this.#closing.abort();
    for (const response of this.#connections.answers) {
      // An answer that has begun and not ended is a stream: without `complete` its client knows to come back.
      if (response.headersSent && !response.writableEnded) response.socket?.destroySoon();
      else response.setHeader('connection', 'close');
    }
    const cut = setTimeout(() => this.#http.closeAllConnections(), this.#closeMs);
    await this.#sockets.close(this.#closeMs);
    this.#operations.close();
    this.#connections.close();
    await stopped;
    clearTimeout(cut);
    this.#authenticator.close();
    await this.#audit.close();
  }

  async #answer(request: Request, response: Response): Promise<void> {
    if (!this.#connections.begin(request, response)) return;
    try {
      await this.#route(request, response);
    } catch (error) {
      this.#logger.error({ err: error }, 'a request failed unexpectedly');
      if (!response.headersSent) answerJson(response, { status: 500, body: { message: 'Internal error.' } });
    }
  }

  async #route(request: Request, response: Response): Promise<void> {
    this.#relate(request);
    const { method = 'GET', url = '/' } = request;
    const [path = '/'] = url.split('?', 1);
    if (path === graphqlPath) {
      return this.#answerGraphQL(request, response);
    }
    const isRead = method === 'GET' || method === 'HEAD';
    if (isRead && this.#dashboard !== undefined && this.#origins.knows(request)) {
      if (this.#dashboard.answer(request, response, path)) return;
    }
    if (isRead && path === metricsPath && this.#metrics !== undefined) {
      // As for the dashboard: without a sign-in a page of another site must not read it.
      if (!this.#origins.knows(request)) return answerJson(response, foreignHost);
      return this.#metrics.answer(request, response);
    }
    const answer = this.#answerTo(path);
    if (answer === undefined) {
      return answerJson(response, nothingHere);
    }
    if (!isRead) {
      response.setHeader('allow', 'GET, HEAD');
      return answerJson(response, { status: 405, body: { message: `${method} is not allowed here.` } });
    }
    if (typeof answer !== 'string') return answerJson(response, answer);
    response.writeHead(302, { location: answer }).end();
  }

  async #answerGraphQL(request: Request, response: Response): Promise<void> {
    if (!this.#origins.knows(request)) return answerJson(response, foreignHost);
    if (isPageRequest(request)) {
      // Before the origin is looked at: a link from another site may lead here.
      if (this.#graphiql !== undefined) return this.#graphiql.answer(response);
      if (!request.url?.includes('query=')) return answerNoPage(response);
    }
    const headers = this.#origins.headersFor(request);
    for (const name in headers) response.setHeader(name, headers[name] ?? '');
    if (!this.#origins.admit(request)) return answerJson(response, foreignOrigin);
    // Browsers ask so before they send a token.
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { allow: 'GET, POST, OPTIONS' }).end();
      return;
    }
    if (!takesEncoding(request, response)) return;
    if (limitBody(request, response, this.#maxBodyBytes)) await this.#operations.answer(request, response);
  }

  /** Makes a request's path one below the base path. A proxy may have done so, and who asks for health knows nothing of it. */
  #relate(request: Request): void {
    const { url = '/' } = request;
    const base = this.#basePath;
    if (base === '' || !url.startsWith(base)) return;
    const below = url.slice(base.length);
    if (/^(?:[/?]|$)/.test(below)) request.url = below.startsWith('/') ? below : `/${below}`;
  }

  /** What is at a path beside GraphQL: an answer, or the path to go to. */
  #answerTo(path: string): Answer | string | undefined {
    switch (path) {
      case '/':
        return `${this.#basePath}${graphqlPath}`;
      case '/health':
        return health();
      case '/ready':
        return readiness(this.#tasks);
      default:
        return undefined;
    }
  }

  #upgrade(request: Request, connection: Duplex, head: Buffer): void {
    this.#relate(request);
    const refusal = this.#upgradeRefusal(request);
    if (refusal === undefined) return this.#sockets.upgrade(request, connection, head);
    const { status, body } = refusal;
    const text = `${JSON.stringify(body)}\n`;
    connection.on('error', () => {});
    // Nobody else ends it: it is no longer the HTTP server's, and its client may leave it open.
    connection.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\n` +
        (status === 429 ? 'retry-after: 10\r\n' : '') +
        `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      () => connection.destroy(),
    );
  }

  #upgradeRefusal(request: Request): Answer | undefined {
    if (this.#closed !== undefined) return { status: 503, body: { message: 'The server is about to stop.' } };
    if (request.url?.split('?')[0] !== graphqlPath) return nothingHere;
    // What is still to be answered would come among the frames.
    if (this.#connections.isBusy(request.socket)) {
      return { status: 400, body: { message: 'Another request of this connection is still under way.' } };
    }
    if (!this.#origins.knows(request)) return foreignHost;
    if (!this.#origins.admit(request)) return foreignOrigin;
    if (hasUrlToken(request)) return misplacedToken;
    return this.#sockets.admit(request) ? undefined : tooManySockets;
  }
}

const nothingHere: Answer = {
  status: 404,
  body: { message: `Nothing is here. GraphQL is at ${graphqlPath}.` },
};

function answerJson(response: Response, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(body)}\n`);
}

function openToOthers(host: string): string {
  return (
    `Others can reach ${host}, and with auth 'open' everybody may do everything. Listen on 127.0.0.1, or let clients sign ` +
    'in, as by auth { tokens: true }.'
  );
}

/** The host as it stands in a URL that works on this machine. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
