import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValidatedExecutionArgs,
  validateExecutionArgs,
  validateSubscriptionArgs,
  type ValidatedSubscriptionArgs,
} from 'graphql';
import type { ApiTokens } from '../auth/api-tokens.ts';
import type { Session } from '../auth/session.ts';
import type { Viewer } from '../auth/viewer.ts';
import { WatchTokens } from '../auth/watch-tokens.ts';
import { cut } from '../definition/show.ts';
import { type Context, parseKey, parseTrace } from '../graphql/context.ts';
import { createMaskError, type MaskError } from '../graphql/errors.ts';
import { ambiguousKey } from '../graphql/idempotency-header.ts';
import type { SharedStates } from '../graphql/shared-states.ts';
import { badVariables, deepVariables, takesSecrets, variableIssues } from '../graphql/variables.ts';
import { type VisibleTasks, visibleTasks } from '../graphql/visible-tasks.ts';
import type { Logger } from '../logger.ts';
import { graphqlOperations } from '../metrics.ts';
import { defaultPrefix } from '../redis/connection.ts';
import type { AuditLog } from '../tasks/audit.ts';
import type { OwnerLimits } from '../tasks/owner-limits.ts';
import type { Tasks } from '../tasks/tasks.ts';
import type { Traces } from '../traces.ts';
import { fieldsOf } from './document-nodes.ts';
import { Documents } from './documents.ts';
import { Executions, type MaybePromise } from './executions.ts';
import { fewErrors } from './few-errors.ts';
import { type OperationLimits, operationLimits } from './operation-limits.ts';
import { operationSpanning } from './operation-span.ts';
import { OperationTime } from './operation-time.ts';

/** Where the API is served, over HTTP, SSE and WebSocket. */
export const graphqlPath = '/graphql';

/** An operation as a client sent it. */
export interface Params {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Where an operation came from, whichever transport brought it. */
export interface Origin {
  /** Who asks. */
  readonly session: Session;
  readonly traceparent?: string | null | undefined;
  /** The header `Idempotency-Key`, which only HTTP has. */
  readonly idempotencyKey?: string | null | undefined;
  /** True of a GET, which a link or an image on any page can send: nothing may be enqueued by it. */
  readonly onlyReads?: boolean | undefined;
  /** Where it came from, as far as proxies are trusted. */
  readonly address?: string | undefined;
  /** Aborts when the client has gone. */
  readonly signal?: AbortSignal | undefined;
}

/** A subscription that has begun: its events, and how one becomes what its subscriber asked for. */
export interface Subscription {
  readonly events: AsyncIterator<unknown, unknown, undefined>;
  /** Where each event is the whole state of one thing: how they are ordered. */
  readonly sharedStates: SharedStates<unknown> | undefined;
  readonly execute: (event: unknown) => MaybePromise<ExecutionResult>;
}

/** A subscription, or why it couldn't begin. */
type Begun = Subscription | { readonly errors: readonly GraphQLError[] };

interface PipelineOptions {
  readonly schema: GraphQLSchema;
  readonly tasks: Tasks;
  readonly logger: Logger;
  /** Aborts when the server is about to close. */
  readonly closing: AbortSignal;
  /** What one operation may ask for, where that isn't the default. */
  readonly operations?: Partial<OperationLimits> | undefined;
  /** Keeps errors from asking "Did you mean …?", which gives names away. @default true */
  readonly hideSuggestions?: boolean;
  /** How much each owner may enqueue, where there is a sign-in. @default whatever it likes */
  readonly limits?: OwnerLimits | undefined;
  /** Where clients sign in by them. */
  readonly apiTokens?: ApiTokens | undefined;
  /** Where it is written down what was done. @default nowhere */
  readonly audit?: AuditLog | undefined;
  /** After how many runs an operation is compiled. @default 20 */
  readonly runsBeforeCompiled?: number | undefined;
  /** Where it is told what operations do. @default nowhere */
  readonly traces?: Traces | undefined;
}

/** What all operations have in common. */
interface Services {
  readonly watchTokens: WatchTokens;
  readonly apiTokens: ApiTokens | undefined;
  readonly limits: OwnerLimits | undefined;
  readonly audit: AuditLog | undefined;
  readonly closing: AbortSignal;
  readonly maskError: MaskError;
  readonly timeoutMs: number;
}

/** A class, as V8 would make a new shape for each object with a getter. */
class OperationContext implements Context {
  readonly tasks: VisibleTasks;
  readonly viewer: Viewer;
  readonly session: Session;
  readonly watchTokens: WatchTokens;
  readonly apiTokens: ApiTokens | undefined;
  readonly limits: OwnerLimits | undefined;
  readonly audit: AuditLog | undefined;
  trace: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly closing: AbortSignal;
  readonly maskError: MaskError;
  readonly onlyReads: boolean;
  readonly time: OperationTime;
  readonly #origin: Origin;

  constructor(
    tasks: VisibleTasks,
    services: Services,
    variables: Readonly<Record<string, unknown>>,
    origin: Origin,
  ) {
    this.tasks = tasks;
    this.watchTokens = services.watchTokens;
    this.apiTokens = services.apiTokens;
    this.session = origin.session;
    this.viewer = origin.session.viewer;
    // Where nobody signs in, all are one owner.
    this.limits = origin.session.credential === 'open' ? undefined : services.limits;
    this.audit = services.audit;
    this.trace = parseTrace(origin.traceparent);
    this.idempotencyKey = parseKey(origin.idempotencyKey ?? null);
    this.variables = variables;
    this.closing = services.closing;
    this.maskError = services.maskError;
    this.onlyReads = origin.onlyReads === true;
    this.#origin = origin;
    this.time = new OperationTime(services.timeoutMs, origin);
  }

  /** Asked for by few operations, as the one below. */
  get address(): string | undefined {
    return this.#origin.address;
  }

  /** Few operations ask for it, and so have it made. */
  get signal(): AbortSignal {
    return this.time.signal;
  }
}

/** The one way that operations of all transports go: parse, validate, context, execute or subscribe, mask. */
export class Pipeline {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  /** Turns whatever was thrown into what a client may see. */
  readonly maskError: MaskError;
  /** Handed out by operations; what they open is for who authenticates to know. */
  readonly watchTokens: WatchTokens;
  /** Where it is told what operations do; undefined where nobody asks. */
  readonly traces: Traces | undefined;
  readonly #tasks: Tasks;
  readonly #logger: Logger;
  readonly #visible: WeakMap<Viewer, VisibleTasks> = new WeakMap();
  readonly #services: Services;
  readonly #operations: OperationLimits;
  readonly #executions: Executions;

  constructor(options: PipelineOptions) {
    const { schema, tasks, logger, closing, operations, hideSuggestions = true } = options;
    this.schema = schema;
    this.#operations = operationLimits(operations);
    this.documents = new Documents(schema, this.#operations, hideSuggestions);
    this.maskError = createMaskError(logger);
    this.watchTokens = new WatchTokens(tasks.connection, tasks.options.redis.prefix ?? defaultPrefix);
    this.traces = options.traces;
    this.#tasks = tasks;
    this.#logger = logger;
    this.#services = {
      watchTokens: this.watchTokens,
      apiTokens: options.apiTokens,
      limits: options.limits,
      audit: options.audit,
      closing,
      maskError: this.maskError,
      timeoutMs: this.#operations.timeoutMs,
    };
    this.#executions = new Executions(schema, logger, options.runsBeforeCompiled);
  }

  /** What the resolvers of an operation get. @throws GraphQLError where its variables are nested too deep */
  context({ variables }: Pick<Params, 'variables'>, origin: Origin): Context {
    const given = variables ?? {};
    const tooDeep = deepVariables(given);
    if (tooDeep.length > 0) throw badVariables(tooDeep);
    return new OperationContext(this.#visibleTo(origin.session.viewer), this.#services, given, origin);
  }

  /** Made once for a viewer, who may ask for much. */
  #visibleTo(viewer: Viewer): VisibleTasks {
    let visible = this.#visible.get(viewer);
    if (visible === undefined) {
      visible = visibleTasks(this.#tasks, viewer, this.#logger);
      this.#visible.set(viewer, visible);
    }
    return visible;
  }

  /** Runs a query or a mutation of a valid document; its errors are such as a client may see. */
  async execute(params: Params, context: Context): Promise<ExecutionResult> {
    const run = () => this.#execute(params, context);
    const result = await (this.traces === undefined
      ? run()
      : operationSpanning(this.traces, params, this.operationOf(params), context, run));
    this.#count(params, result);
    return result;
  }

  async #execute(params: Params, context: Context): Promise<ExecutionResult> {
    const args = validateExecutionArgs(this.#argsOf(params, context));
    if (!('schema' in args)) return { errors: [startError(this.schema, params, args)] };
    const refusal = this.#refusal(args, context);
    if (refusal !== undefined) return { errors: [refusal] };
    const ambiguous =
      context.idempotencyKey === undefined ? undefined : ambiguousKey(this.#argsOf(params, context));
    if (ambiguous !== undefined) return { errors: [ambiguous] };
    const running = this.#executions.run(args, context.time);
    if (!(running instanceof Promise)) return this.masked(running);
    try {
      return this.masked(await context.time.bound(running));
    } catch (error) {
      return { errors: [this.maskError(error)] };
    }
  }

  /** Begins a subscription of a valid document, or says why it couldn't. */
  async subscribe(params: Params, context: Context): Promise<Begun> {
    const run = () => this.#subscribe(params, context);
    const begun = await (this.traces === undefined
      ? run()
      : operationSpanning(this.traces, params, this.operationOf(params), context, run));
    this.#count(params, begun);
    return begun;
  }

  async #subscribe(params: Params, context: Context): Promise<Begun> {
    const args = validateSubscriptionArgs(this.#argsOf(params, context));
    if (!('schema' in args)) return { errors: [startError(this.schema, params, args)] };
    const refusal = this.#refusal(args, context);
    if (refusal !== undefined) return { errors: [refusal] };
    const { extensions } = subscribedField(args) ?? {};
    if (context.onlyReads && extensions?.['enqueuesTasks'] === true) return { errors: [byPost()] };
    const source = await this.#begin(args, context);
    if (!(Symbol.asyncIterator in source)) return { errors: (source.errors ?? []).map(this.maskError) };
    return {
      events: source[Symbol.asyncIterator](),
      sharedStates: extensions?.['sharedStates'] as SharedStates<unknown> | undefined,
      execute: (event) => this.#shown(this.#executions.runEvent(args, event)),
    };
  }

  /** The operation of a document that a request means; undefined where that isn't clear. */
  operationOf({ document, operationName }: Params): OperationDefinitionNode | undefined {
    return getOperationAST(document, operationName) ?? undefined;
  }

  /** The result, with errors such as a client may see, and not too many of them. */
  masked(result: ExecutionResult): ExecutionResult {
    if (result.errors === undefined) return result;
    // All of them, as that is what logs them.
    return { ...result, errors: fewErrors(result.errors.map(this.maskError), this.#operations.errors) };
  }

  #count(params: Params, result: object): void {
    const kind = this.operationOf(params)?.operation;
    if (kind === undefined) return;
    graphqlOperations.add(kind, 'errors' in result && result.errors !== undefined ? 'error' : 'ok');
  }

  #refusal({ document, operation, variableValues }: ValidatedExecutionArgs, { viewer }: Context) {
    return this.documents.refusal(document, operation, viewer, variableValues.coerced);
  }

  async #begin(args: ValidatedSubscriptionArgs, { time }: Context) {
    try {
      return await time.bound(Promise.resolve(createSourceEventStream(args)), (late) => {
        // Its watch ends by the signal, too; one that can't be told is over by this.
        if (Symbol.asyncIterator in late)
          void late[Symbol.asyncIterator]()
            .return?.()
            .catch(() => undefined);
      });
    } catch (error) {
      return { errors: [this.maskError(error)] };
    }
  }

  #shown(result: MaybePromise<ExecutionResult>): MaybePromise<ExecutionResult> {
    return result instanceof Promise ? result.then((executed) => this.masked(executed)) : this.masked(result);
  }

  #argsOf({ document, operationName, variables }: Params, contextValue: Context) {
    return {
      schema: this.schema,
      document,
      operationName,
      variableValues: variables,
      contextValue,
      hideSuggestions: true,
    };
  }
}

/** A subscription has one field, which may stand in a fragment. */
function subscribedField({ schema, document, operation }: ValidatedSubscriptionArgs) {
  const [node] = fieldsOf(document, operation.selectionSet);
  return schema.getSubscriptionType()?.getFields()[node?.name.value ?? ''];
}

/** The error of a GET that would enqueue, with the code that mutations have there. */
function byPost(): GraphQLError {
  const extensions = { code: 'BAD_REQUEST', http: { status: 405, headers: { allow: 'POST' } } };
  return new GraphQLError('A subscription that enqueues is sent by POST or over a WebSocket.', {
    extensions,
  });
}

/** Why an operation couldn't start: there is no such one, or its variables don't fit. */
function startError(
  schema: GraphQLSchema,
  { document, operationName, variables }: Params,
  errors: readonly GraphQLError[],
): GraphQLError {
  const operation = getOperationAST(document, operationName);
  if (!operation) return unknownOperation();
  const issues = variableIssues(schema, operation, variables ?? {});
  if (issues.length > 0) return badVariables(issues);
  // What only graphql-js finds wrong it tells with the value.
  if (takesSecrets(schema, operation))
    return badVariables([{ path: [], message: 'They are not of their types.' }]);
  return badVariables(errors.map(({ message }) => ({ path: [], message: cut(message, 300) })));
}

/** The error of a document from which it isn't clear what to run; the same over all transports. */
export function unknownOperation(): GraphQLError {
  const extensions = { code: 'OPERATION_RESOLUTION_FAILURE', http: { status: 400, spec: true } };
  return new GraphQLError('Could not determine what operation to execute.', { extensions });
}
