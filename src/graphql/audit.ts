import { GraphQLError, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { ForbiddenError, TaskwireError } from '../errors.ts';
import { type AuditTargetKind, auditOutcomes, type NewAuditEvent } from '../tasks/audit.ts';
import type { Context } from './context.ts';

type Resolver = GraphQLFieldResolver<unknown, Context>;
type Values = Readonly<Record<string, unknown>>;

/**
 * Has every field of Mutation written down when it is done, whatever it came to; those that enqueue only where the
 * audit is told to. Of all other root fields it is written down that they were refused. A field that is added later is
 * covered by that.
 */
export function auditRootFields(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve: open, extensions, name } = field;
    if (open !== undefined) {
      field.resolve = extensions['enqueuesTasks'] === true ? enqueuing(name, open) : audited(name, open);
    }
  }
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    if (field.resolve !== undefined) field.resolve = refusals(field.name, field.resolve);
  }
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    const { subscribe: open, extensions, name } = field;
    if (open !== undefined) {
      field.subscribe = extensions['enqueuesTasks'] === true ? enqueuing(name, open) : refusals(name, open);
    }
  }
}

function enqueuing(name: string, open: Resolver): Resolver {
  const [always, onlyRefusals] = [audited(name, open), refusals(name, open)];
  return (source, args, context, info) =>
    (context.audit?.enqueues === true ? always : onlyRefusals)(source, args, context, info);
}

function audited(name: string, open: Resolver): Resolver {
  return async (source, args: Values, context, info) => {
    const { audit } = context;
    if (audit === undefined) return open(source, args, context, info);
    let result: unknown;
    try {
      result = await open(source, args, context, info);
    } catch (error) {
      await audit.record(eventOf(name, args, context, outcomeOf(error)));
      throw error;
    }
    await audit.record(eventOf(name, args, context, told(args, result), result));
    return result;
  };
}

function refusals(name: string, open: Resolver): Resolver {
  const note = (error: unknown, args: Values, context: Context): void => {
    if (!(error instanceof ForbiddenError)) return;
    void context.audit?.record(eventOf(name, args, context, error.code));
  };
  return (source, args: Values, context, info) => {
    try {
      const result: unknown = open(source, args, context, info);
      if (result instanceof Promise) result.catch((error: unknown) => note(error, args, context));
      return result;
    } catch (error) {
      note(error, args, context);
      throw error;
    }
  };
}

function eventOf(
  action: string,
  args: Values,
  { viewer, session, address }: Context,
  outcome: string,
  result?: unknown,
): NewAuditEvent {
  const { reason } = args;
  const kind = kindOf(action, args);
  return {
    actor: viewer.owner,
    credential: session.credential,
    action,
    target: { kind, id: kind === 'TOKEN' ? (madeId(result) ?? idIn(args)) : (idIn(args) ?? madeId(result)) },
    outcome,
    ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
    address,
  };
}

function told({ dryRun }: Values, result: unknown): string {
  const accepted = isObject(result) ? result['accepted'] : undefined;
  if (dryRun === true) return auditOutcomes.dryRun;
  return accepted === false ? auditOutcomes.notAccepted : auditOutcomes.done;
}

function outcomeOf(error: unknown): string {
  if (error instanceof TaskwireError) return error.code;
  const code = error instanceof GraphQLError ? error.extensions['code'] : undefined;
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}

const kinds: readonly (readonly [RegExp, AuditTargetKind])[] = [
  [/Token/, 'TOKEN'],
  [/Schedule/i, 'SCHEDULE'],
  [/Queue/i, 'QUEUE'],
  [/Worker/i, 'WORKER'],
  [/Definition/, 'DEFINITION'],
  [/Batch/, 'BATCH'],
];

/** Fields are named after what they are for. */
function kindOf(action: string, args: Values): AuditTargetKind {
  if (typeof args['taskId'] === 'string') return 'TASK';
  return kinds.find(([pattern]) => pattern.test(action))?.[1] ?? 'TASK';
}

/** Only these: an input, a token or whatever comes later isn't for an audit. */
const namesOfIds = ['id', 'taskId', 'name', 'definition', 'batchId', 'scheduleId'];

/** What a field was asked to be for: an id, a name, or a filter as a whole. */
function idIn(args: Values): string | undefined {
  for (const name of namesOfIds) {
    const value = args[name];
    if (typeof value === 'string') return value;
  }
  const { filter } = args;
  return isObject(filter) ? JSON.stringify(filter) : undefined;
}

/** The id of what a mutation has made, where its payload shows that by itself: `{ schedule: { id } }`. */
function madeId(result: unknown): string | undefined {
  for (const value of isObject(result) ? Object.values(result) : []) {
    if (isObject(value) && typeof value['id'] === 'string') return value['id'];
  }
  return undefined;
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null;
}
