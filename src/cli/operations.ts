import {
  getNamedType,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';
import { CommandError, exitCodes } from './exit.ts';

/** The most levels of an output that are asked for; a type may contain itself. */
const deepest = 6;

/** Names of the definitions that a schema has: each a mutation with a subscription of its own. */
export function definitionNames(schema: GraphQLSchema): readonly string[] {
  const subscriptions = schema.getSubscriptionType()?.getFields() ?? {};
  const names = Object.keys(schema.getMutationType()?.getFields() ?? {});
  return names.filter((name) => `${name}Updated` in subscriptions).toSorted();
}

/**
 * The mutation that enqueues a task, answering with its id and type, and whether it was there before.
 *
 * @throws CommandError that says what there is, where the schema has no such definition or it takes another input.
 */
export function enqueueDocument(schema: GraphQLSchema, name: string, hasInput: boolean): string {
  const names = definitionNames(schema);
  const mutation = names.includes(name) ? schema.getMutationType()?.getFields()[name] : undefined;
  if (mutation === undefined) {
    throw new CommandError(`The API has no definition '${name}'. It has: ${names.join(', ') || 'none'}.`);
  }
  const input = mutation.args.find((argument) => argument.name === 'input');
  if (input === undefined && hasInput) throw usage(`'${name}' takes no input; leave out --input.`);
  if (input !== undefined && !hasInput && isRequiredArgument(input)) {
    throw usage(`'${name}' needs --input, as JSON of this shape: ${shape(input.type)}`);
  }
  const [variable, argument] =
    input === undefined || !hasInput ? ['', ''] : [`$input: ${String(input.type)}, `, 'input: $input, '];
  return `mutation Enqueue(${variable}$options: TaskOptions) {
  enqueued: ${name}(${argument}options: $options) { task { id __typename } deduplicated }
}`;
}

function usage(message: string): CommandError {
  return new CommandError(message, { exitCode: exitCodes.usage });
}

/** An input type in a line, as `{ url: URL!, width: Int! }`. */
function shape(type: GraphQLInputType): string {
  const named = getNamedType(type);
  if (!isInputObjectType(named)) return String(type);
  const fields = Object.values(named.getFields()).map((field) => `${field.name}: ${String(field.type)}`);
  return `{ ${fields.join(', ')} }`;
}

/** A query that tells which type a task has. */
export const findDocument = 'query Find($id: ID!) { task(id: $id) { id __typename } }';

/** The mutation that cancels a task. */
export const cancelDocument = `mutation Cancel($id: ID!, $reason: String) {
  change: cancelTask(id: $id, reason: $reason) { accepted task { id status } }
}`;

/** The mutation that puts a task back which has ended. */
export const retryDocument = `mutation Retry($id: ID!) {
  change: retryTask(id: $id) { accepted task { id status } }
}`;

/** The query that tells of all queues. */
export const queuesDocument = `{
  queues {
    name waiting running counts { scheduled retrying } oldestWaitingSince enqueuedPerMinute
    finishedPerMinute { total failed } workers { slots busy }
    pause { at reason actor } drain { at reason actor } pausedDefinitions { name pause { at reason actor } }
    limits { definition isBlocking }
  }
}`;

/** The query that tells of all workers. */
export const workersDocument = `{
  workers { id version startedAt slots busy load memoryBytes queues { name } drain { at reason actor } }
}`;

/** The mutation that lets a worker take nothing more. */
export const drainWorkerDocument = `mutation DrainWorker($id: ID!, $reason: String) {
  change: drainWorker(id: $id, reason: $reason) { worker { id busy } }
}`;

/** The mutation that lets a worker go on which was drained. */
export const resumeWorkerDocument = `mutation ResumeWorker($id: ID!) {
  change: resumeWorker(id: $id) { worker { id busy } }
}`;

const queueAfter = 'queue { name waiting running isPaused }';

/** The mutation that pauses a queue. */
export const pauseDocument = `mutation Pause($name: String!, $reason: String) {
  change: pauseQueue(name: $name, reason: $reason) { ${queueAfter} }
}`;

/** The mutation that ends the pause or drain of a queue. */
export const resumeDocument = `mutation Resume($name: String!) {
  change: resumeQueue(name: $name) { ${queueAfter} }
}`;

/** The mutation that pauses a definition. */
export const pauseDefinitionDocument = `mutation PauseDefinition($name: String!, $reason: String) {
  change: pauseDefinition(name: $name, reason: $reason) { ${queueAfter} }
}`;

/** The mutation that ends the pause of a definition. */
export const resumeDefinitionDocument = `mutation ResumeDefinition($name: String!) {
  change: resumeDefinition(name: $name) { ${queueAfter} }
}`;

/** The mutation that lets a queue take no new tasks. */
export const drainDocument = `mutation Drain($name: String!, $reason: String) {
  change: drainQueue(name: $name, reason: $reason) { ${queueAfter} }
}`;

/** The mutation that cancels what waits in a queue, or counts it. */
export const purgeDocument = `mutation Purge($name: String!, $definition: String, $dryRun: Boolean, $reason: String) {
  change: purgeQueue(name: $name, definition: $definition, dryRun: $dryRun, reason: $reason) {
    canceledCount leftCount
  }
}`;

/** The subscription that follows one task of a type, down to the whole of its output. */
export function watchDocument(schema: GraphQLSchema, typeName: string): string {
  const type = schema.getType(typeName);
  const output = isObjectType(type) ? type.getFields()['output'] : undefined;
  const selected = output === undefined ? undefined : selection(schema, getNamedType(output.type), deepest);
  const fragment = selected === undefined ? '' : `... on ${typeName} { output${selected} }`;
  return `subscription Watch($id: ID!) {
  taskUpdated(id: $id) {
    id name status isFinal version attempt nextAttemptAt
    progress { fraction current total message }
    failure { code message }
    attempts { failure { code message } }
    ${fragment}
  }
}`;
}

/** Every field below a type; undefined where the depth ends before a leaf. */
function selection(schema: GraphQLSchema, type: GraphQLNamedType, depth: number): string | undefined {
  if (isLeafType(type)) return '';
  if (depth === 0) return undefined;
  if (isObjectType(type)) {
    const fields = fieldsOf(schema, type, depth);
    return fields === '' ? undefined : ` { ${fields} }`;
  }
  const members = isInterfaceType(type) ? schema.getImplementations(type).objects : [];
  const fragments = members.map((member) => `... on ${member.name} { ${fieldsOf(schema, member, depth)} }`);
  return ` { __typename ${fragments.join(' ')} }`;
}

function fieldsOf(schema: GraphQLSchema, type: GraphQLObjectType, depth: number): string {
  return Object.values(type.getFields())
    .map((field) => ({ name: field.name, below: selection(schema, getNamedType(field.type), depth - 1) }))
    .flatMap(({ name, below }) => (below === undefined ? [] : [`${name}${below}`]))
    .join(' ');
}
