import type { GraphQLInputObjectType, GraphQLLeafType, GraphQLSchema } from 'graphql';
import { isInputObjectType, isLeafType } from 'graphql';
import { BadUserInputError, ConfigurationError, InvalidOutputError, type Issue } from '../errors.ts';
import { createBuilder, type Builder } from './builder.ts';
import { type Coerced, coerceToType, findBadDefaults, uncoerce } from './coerce.ts';
import type { TaskDefinition } from './definition.ts';
import { addInputType, type InputRef } from './input-types.ts';
import { findClashes, generatedNames } from './names.ts';
import { outputFields } from './output.ts';
import { addOutputType, type OutputRef } from './output-types.ts';
import { parseFromWire } from './parse-output.ts';
import { addScalars } from './scalar-types.ts';
import { scrub } from './scrub.ts';
import { inputSecrets, outputSecrets, type Secrets, secretValues } from './secrets.ts';
import { serializeToWire } from './serialize.ts';
import { describe } from './source.ts';
import { TypeRegistry } from './type-registry.ts';
import { findIssues } from './validate.ts';
import { namedTypesIn, versionOf } from './version.ts';

/** A definition's GraphQL types and what follows from them. The worker and the API both build them. */
export interface CompiledDefinition {
  readonly definition: TaskDefinition;
  /** 12 hex digits that change with the shape of the input, not with descriptions. */
  readonly version: string;
  readonly secrets: Secrets;
  /**
   * Turns wire JSON into what `run` gets (a URL for its text, defaults filled in) and applies `validate`.
   *
   * @throws {BadUserInputError} with the path and the message of everything that is wrong.
   */
  coerceInput(wire: unknown): Promise<unknown>;
  /** Gives the wire JSON of an input that is coerced already, as GraphQL hands it to a resolver. */
  serializeInput(value: unknown): unknown;
  /**
   * Turns what `run` returned into wire JSON.
   *
   * @throws {InvalidOutputError} with the path and the message of everything that isn't as declared.
   */
  serializeOutput(value: unknown): unknown;
  /** The other way, for a parent: a Date for its text, what a scalar of yours parses; undefined without an output. */
  parseOutput(wire: unknown): unknown;
}

/** The types of one definition on a builder; undefined where it has no input or no output. */
export interface DefinitionTypes {
  readonly input: InputRef | undefined;
  readonly output: OutputRef | undefined;
}

/**
 * Puts the input and output types of all definitions on the builder, by the name of the definition.
 *
 * @throws {ConfigurationError} with every problem of all definitions at once.
 */
export function addTypes<Context extends object>(
  builder: Builder<Context>,
  definitions: readonly TaskDefinition[],
): Map<string, DefinitionTypes> {
  // Types of inputs and outputs don't depend on the resolvers' context.
  const plain = builder as unknown as Builder;
  const registry = new TypeRegistry();
  const scalars = addScalars(plain, definitions, registry);
  const types = new Map<string, DefinitionTypes>();
  const distinct = withoutNamesakes(definitions, registry);
  for (const definition of distinct) {
    const report = (problem: string) => registry.report(definition, problem);
    const scope = { builder: plain, definition, registry, scalars, report };
    try {
      types.set(definition.name, { input: addInputType(scope), output: addOutputType(scope) });
    } catch (error) {
      report(`its input or output can't be built: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  registry.problems.push(...findClashes(typeNames(distinct, registry, scalars)));
  if (registry.problems.length > 0) throw new ConfigurationError(registry.problems);
  return types;
}

/**
 * Builds the types of all definitions, by name.
 *
 * @throws {ConfigurationError} with every problem of all definitions at once.
 */
export function compileDefinitions(
  definitions: readonly TaskDefinition[],
): ReadonlyMap<string, CompiledDefinition> {
  const builder = createBuilder();
  addTypes(builder, definitions);
  const schema = builder.toSchema();
  const problems = definitions.flatMap((definition) => [
    ...badDefaults(definition, schema),
    ...badScheduleInputs(definition, schema),
  ]);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return new Map(definitions.map((definition) => [definition.name, compile(definition, schema)]));
}

function compile(definition: TaskDefinition, schema: GraphQLSchema): CompiledDefinition {
  const { name, validate } = definition;
  const type = inputType(schema, name);
  const fields = definition.output?.(outputFields);
  const secrets = { input: type ? inputSecrets(type) : [], output: fields ? outputSecrets(fields) : [] };
  const findLeaf = (name: string): GraphQLLeafType => {
    const type = schema.getType(name);
    if (!isLeafType(type)) throw new TypeError(`No scalar or enum has the name ${name}.`);
    return type;
  };
  return {
    definition,
    version: versionOf(type),
    secrets,
    async coerceInput(wire) {
      const coerced = coerceWire(wire, type);
      if ('issues' in coerced) throw badInput(name, coerced.issues);
      const issues = validate ? await findIssues(validate, coerced.value) : [];
      // In the words of the definition, which may repeat what it was given.
      if (issues.length > 0) throw badInput(name, scrub(issues, secretValues(wire, secrets.input)));
      return coerced.value;
    },
    serializeInput: (value) => (type ? uncoerce(value, type) : {}),
    serializeOutput(value) {
      if (!fields) {
        if (value === undefined || value === null) return null;
        throw new InvalidOutputError(
          `The task '${name}' returned something, but its definition has no output: declare one, or return nothing.`,
        );
      }
      const serialized = serializeToWire(value, fields, findLeaf);
      if ('wire' in serialized) return serialized.wire;
      const { issues } = serialized;
      throw new InvalidOutputError(`The output of '${name}' isn't as declared: ${summary(issues)}`, issues);
    },
    parseOutput: (wire) => (fields ? parseFromWire(wire, fields, findLeaf) : undefined),
  };
}

// Nested types are named with each definition that uses them: the one who reads it looks there.
function badDefaults(definition: TaskDefinition, schema: GraphQLSchema): string[] {
  const type = inputType(schema, definition.name);
  const types = type ? namedTypesIn(type).filter((type) => isInputObjectType(type)) : [];
  return types.flatMap((type) =>
    findBadDefaults(type).map((problem) => `Task ${describe(definition)}: ${problem}`),
  );
}

// What `validate` thinks of it is asked when the schedule is made: that may take its time.
function badScheduleInputs(definition: TaskDefinition, schema: GraphQLSchema): string[] {
  return definition.schedules.flatMap(({ name, input }) => {
    const coerced = coerceWire(JSON.parse(input), inputType(schema, definition.name));
    if ('value' in coerced) return [];
    return coerced.issues.map(
      ({ path, message }) =>
        `Task ${describe(definition)}: ${['input', ...path].join('.')} of the schedule '${name}': ${message}`,
    );
  });
}

function inputType(schema: GraphQLSchema, name: string): GraphQLInputObjectType | undefined {
  const type = schema.getType(generatedNames(name).types.input);
  return isInputObjectType(type) ? type : undefined;
}

function coerceWire(wire: unknown, type: GraphQLInputObjectType | undefined): Coerced {
  return type ? coerceToType(wire ?? {}, type) : coerceNothing(wire);
}

function coerceNothing(wire: unknown): Coerced {
  const empty =
    wire === undefined || wire === null || (typeof wire === 'object' && Object.keys(wire).length === 0);
  return empty
    ? { value: {} }
    : { issues: [{ path: [], message: 'Expected no input: this task takes none.' }] };
}

function badInput(name: string, issues: readonly Issue[]): BadUserInputError {
  return new BadUserInputError(`The input of '${name}' isn't valid: ${summary(issues)}`, issues);
}

function summary(issues: readonly Issue[]): string {
  const [first] = issues;
  if (!first) return '';
  const where = first.path.length > 0 ? `${first.path.join('.')}: ` : '';
  return `${where}${first.message}${issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''}`;
}

function withoutNamesakes(definitions: readonly TaskDefinition[], registry: TypeRegistry): TaskDefinition[] {
  const byName = new Map<string, TaskDefinition>();
  for (const definition of definitions) {
    const other = byName.get(definition.name);
    if (!other) byName.set(definition.name, definition);
    else if (other !== definition) {
      registry.problems.push(
        `Tasks ${describe(other)} and ${describe(definition)} have the same name: rename one.`,
      );
    }
  }
  return [...byName.values()];
}

function typeNames(
  definitions: readonly TaskDefinition[],
  registry: TypeRegistry,
  scalars: ReadonlySet<string>,
): { name: string; owner: string }[] {
  return [
    ...[...scalars].map((name) => ({ name, owner: 'a scalar' })),
    ...definitions.flatMap((definition) =>
      Object.values(generatedNames(definition.name).types).map((name) => ({
        name,
        owner: `the task ${describe(definition)}`,
      })),
    ),
    ...registry.types
      .filter(({ nested }) => nested)
      .map(({ name, definition }) => ({ name, owner: `a type of the task ${describe(definition)}` })),
  ];
}
