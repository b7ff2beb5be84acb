import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { OperationLimits } from './operation-limits.ts';

/** How large a definition is once every fragment stands where it is named, by what its limits are of. */
export type Shape = Pick<
  OperationLimits,
  'depth' | 'introspectionDepth' | 'aliases' | 'rootFields' | 'fields' | 'directives' | 'variables'
>;

/**
 * Measures each operation and each fragment of a document, valid or not; undefined where fragments go in circles. Each
 * fragment is looked at once, however often it is named: it may stand for more fields than could ever be counted.
 */
export function shapesOf({ definitions }: DocumentNode): ReadonlyMap<DefinitionNode, Shape> | undefined {
  const walk = new Walk(definitions);
  const shapes = new Map(definitions.map((definition) => [definition, walk.definition(definition)]));
  return walk.isCircular ? undefined : shapes;
}

/** The error of a document of which some definition is larger than it may be. */
export function tooLarge(shapes: Iterable<Shape>, limits: OperationLimits): GraphQLError | undefined {
  const all = [...shapes];
  const exceeded = measures
    .map(([name, unit]) => ({
      limit: name,
      unit,
      most: limits[name],
      got: all.reduce((most, shape) => Math.max(most, shape[name]), 0),
    }))
    .filter(({ most, got }) => got > most);
  if (exceeded.length === 0) return undefined;
  const told = exceeded.map(
    ({ unit, most, got }) => `at most ${most} ${unit}, got ${got}${got === countless ? ' or more' : ''}`,
  );
  return new GraphQLError(
    `The document is too large: expected ${told.join('; ')}. Ask for less, or for parts of it in several operations.`,
    {
      extensions: {
        code: 'DOCUMENT_TOO_LARGE',
        exceeded: exceeded.map(({ limit, most, got }) => ({ limit, most, got })),
        // GraphQL over HTTP: 400, but 200 for a client that accepts only application/json.
        http: { status: 400, spec: true },
      },
    },
  );
}

const measures = [
  ['depth', 'levels of fields'],
  ['introspectionDepth', 'levels of fields of an introspection'],
  ['aliases', 'aliases'],
  ['rootFields', 'fields at its root'],
  ['fields', 'fields, those of fragments each time they are named'],
  ['directives', 'directives'],
  ['variables', 'variables'],
] as const satisfies readonly (readonly [keyof Shape & keyof OperationLimits, string])[];

/** Whoever counts further counts what would never come to an end. */
const countless = 100_000;

const nothing: Shape = {
  depth: 0,
  introspectionDepth: 0,
  aliases: 0,
  rootFields: 0,
  fields: 0,
  directives: 0,
  variables: 0,
};

class Walk {
  isCircular = false;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  /** Undefined of those that are being measured. */
  readonly #measured = new Map<FragmentDefinitionNode, Shape | undefined>();

  constructor(definitions: readonly DefinitionNode[]) {
    for (const definition of definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION)
        this.#fragments.set(definition.name.value, definition);
    }
  }

  definition(definition: DefinitionNode): Shape {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      const shape = { ...this.#fragment(definition), rootFields: 0 };
      // It can stand in an introspection alone.
      const introspects = definition.typeCondition.name.value.startsWith('__');
      return introspects ? { ...shape, depth: 0, introspectionDepth: shape.depth } : shape;
    }
    if (definition.kind !== Kind.OPERATION_DEFINITION) return nothing;
    const { variableDefinitions = [], directives = [], selectionSet } = definition;
    const selection = this.#selection(selectionSet);
    const ofVariables = variableDefinitions.flatMap(({ directives = [] }) => directives);
    return {
      ...selection,
      directives: counted(selection.directives + directives.length + ofVariables.length),
      variables: variableDefinitions.length,
    };
  }

  #fragment(fragment: FragmentDefinitionNode): Shape {
    if (this.#measured.has(fragment)) {
      const known = this.#measured.get(fragment);
      this.isCircular ||= known === undefined;
      return known ?? nothing;
    }
    this.#measured.set(fragment, undefined);
    const shape = withDirectives(this.#selection(fragment.selectionSet), fragment);
    this.#measured.set(fragment, shape);
    return shape;
  }

  #selection({ selections }: SelectionSetNode): Shape {
    return selections.map((selection) => this.#member(selection)).reduce(sideBySide, nothing);
  }

  #member(selection: SelectionNode): Shape {
    if (selection.kind === Kind.FIELD) return withDirectives(this.#field(selection), selection);
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return withDirectives(this.#selection(selection.selectionSet), selection);
    }
    const fragment = this.#fragments.get(selection.name.value);
    return withDirectives(fragment === undefined ? nothing : this.#fragment(fragment), selection);
  }

  #field({ name, alias, selectionSet }: FieldNode): Shape {
    const inner = selectionSet === undefined ? nothing : this.#selection(selectionSet);
    const introspects = name.value === '__schema' || name.value === '__type';
    return {
      depth: introspects ? 1 : 1 + inner.depth,
      introspectionDepth: introspects ? 1 + inner.depth : inner.introspectionDepth,
      aliases: counted(inner.aliases + (alias === undefined ? 0 : 1)),
      rootFields: 1,
      fields: counted(inner.fields + 1),
      directives: inner.directives,
      variables: 0,
    };
  }
}

function sideBySide(one: Shape, other: Shape): Shape {
  return {
    depth: Math.max(one.depth, other.depth),
    introspectionDepth: Math.max(one.introspectionDepth, other.introspectionDepth),
    aliases: counted(one.aliases + other.aliases),
    rootFields: counted(one.rootFields + other.rootFields),
    fields: counted(one.fields + other.fields),
    directives: counted(one.directives + other.directives),
    variables: 0,
  };
}

function withDirectives(
  shape: Shape,
  { directives = [] }: { directives?: readonly unknown[] | undefined },
): Shape {
  return directives.length === 0
    ? shape
    : { ...shape, directives: counted(shape.directives + directives.length) };
}

function counted(count: number): number {
  return Math.min(count, countless);
}
