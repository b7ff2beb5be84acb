import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  getNullableType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { companionPoints, type Cost } from '../graphql/cost.ts';

/** The variables of an operation, as GraphQL has coerced them. */
type Variables = Readonly<Record<string, unknown>>;

/** Points: known once for all, or by the variables of each operation. */
export type Points = number | ((variables: Variables) => number);

/** Works out what an operation of a valid document costs at most, with variables for what only they say. */
export function pointsOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Points {
  return new Pricing(schema, document).operation(operation);
}

/** The points of one operation. */
export function total(points: Points, variables: Variables): number {
  return typeof points === 'number' ? points : points(variables);
}

/** What a selection costs: by itself, and for each item of the list that is the nearest around it. */
interface Price {
  readonly own: Points;
  readonly each: Points;
}

const free: Price = { own: 0, each: 0 };

/** As many as a list has of which nothing says how many. */
const usualSize = 20;

class Pricing {
  readonly #schema: GraphQLSchema;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #known = new Map<FragmentDefinitionNode, Price>();

  constructor(schema: GraphQLSchema, { definitions }: DocumentNode) {
    this.#schema = schema;
    const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
    this.#fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  }

  operation({ operation, selectionSet }: OperationDefinitionNode): Points {
    const root = this.#schema.getRootType(operation);
    return root ? whole(this.#selection(selectionSet, root), usualSize) : 0;
  }

  /** An object is of one type: of what is selected for several, the dearest counts. */
  #selection({ selections }: SelectionSetNode, parent: GraphQLCompositeType): Price {
    let price = free;
    const ofTypes = new Map<GraphQLNamedType, Price>();
    const add = (added: Price, condition: GraphQLNamedType): void => {
      if (condition === parent || !isObjectType(condition)) price = sum(price, added);
      else ofTypes.set(condition, sum(ofTypes.get(condition) ?? free, added));
    };
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) add(this.#field(selection, parent), parent);
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const type = this.#typeOf(selection.typeCondition?.name.value) ?? parent;
        add(this.#selection(selection.selectionSet, type), type);
      } else {
        const fragment = this.#fragments.get(selection.name.value);
        const type = this.#typeOf(fragment?.typeCondition.name.value);
        if (fragment !== undefined && type !== undefined) add(this.#fragment(fragment, type), type);
      }
    }
    return sum(price, [...ofTypes.values()].reduce(dearest, free));
  }

  #fragment(fragment: FragmentDefinitionNode, type: GraphQLCompositeType): Price {
    const known = this.#known.get(fragment) ?? this.#selection(fragment.selectionSet, type);
    this.#known.set(fragment, known);
    return known;
  }

  #field(node: FieldNode, parent: GraphQLCompositeType): Price {
    const field = this.#schema.getField(parent, node.name.value);
    // Introspection is bounded by its own depth, and for few.
    if (field === undefined || field.name.startsWith('__')) return free;
    const cost = (field.extensions['cost'] ?? {}) as Cost;
    const type = getNamedType(field.type);
    const isAll = cost.coversAll === true || node.selectionSet === undefined || !isCompositeType(type);
    const inner = isAll ? free : this.#selection(node.selectionSet, type);
    const points = cost.points ?? usualPoints(type);
    const isList = isListType(getNullableType(field.type));
    const size = sizeOf(node, field, cost);
    if (size !== undefined) {
      const item = isList ? plus(points, whole(inner, usualSize)) : inner.each;
      const perItem = times(size, plus(item, cost.each ?? 0));
      return { own: isList ? perItem : plus(plus(points, inner.own), perItem), each: 0 };
    }
    if (!isList) return { own: plus(points, inner.own), each: inner.each };
    const item = plus(points, whole(inner, usualSize));
    return cost.size === undefined ? { own: 0, each: item } : { own: times(cost.size, item), each: 0 };
  }

  #typeOf(name: string | undefined): GraphQLCompositeType | undefined {
    const type = name === undefined ? undefined : this.#schema.getType(name);
    return isCompositeType(type) ? type : undefined;
  }
}

function usualPoints(type: GraphQLNamedType): number {
  if (!isCompositeType(type)) return 0;
  const interfaces = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces() : [];
  return [type, ...interfaces].some(({ name }) => name === 'Node') ? 1 : companionPoints;
}

/** How many items a field's arguments ask for; undefined where it has no such arguments. */
function sizeOf(
  { arguments: given = [] }: FieldNode,
  { args }: GraphQLField<unknown, unknown>,
  { sizedBy = ['first', 'last'], size = usualSize }: Cost,
): Points | undefined {
  const sizing = args.filter(({ name }) => sizedBy.includes(name));
  if (sizing.length === 0) return undefined;
  const counts = given
    .filter(({ name }) => sizing.some((argument) => argument.name === name.value))
    .map(({ value }) => (value.kind === Kind.VARIABLE ? countIn(value.name.value) : countOf(value)));
  const largest = (counts: readonly (number | undefined)[]): number => {
    const known = counts.filter((count) => count !== undefined);
    return known.length === 0 ? size : Math.max(...known);
  };
  const fixed = counts.filter((count) => typeof count !== 'function');
  if (fixed.length === counts.length) return largest(fixed);
  return (variables) =>
    largest(counts.map((count) => (typeof count === 'function' ? count(variables) : count)));
}

/** By a value that is written out. */
function countOf(value: ArgumentNode['value']): number | undefined {
  if (value.kind === Kind.NULL) return undefined;
  if (value.kind === Kind.INT) return Math.max(0, Number(value.value));
  return value.kind === Kind.LIST ? value.values.length : 1;
}

/** By the value that a variable will have. */
function countIn(name: string): (variables: Variables) => number | undefined {
  return (variables) => {
    const value = variables[name];
    if (value === null || value === undefined) return undefined;
    if (typeof value === 'number') return Math.max(0, value);
    return Array.isArray(value) ? value.length : 1;
  };
}

function sum(one: Price, other: Price): Price {
  return { own: plus(one.own, other.own), each: plus(one.each, other.each) };
}

function dearest(one: Price, other: Price): Price {
  return { own: most(one.own, other.own), each: most(one.each, other.each) };
}

function whole({ own, each }: Price, size: Points): Points {
  return plus(own, times(size, each));
}

const plus = combined((one, other) => one + other, 0);
const product = combined((one, other) => one * other, 1);
const most = combined(Math.max, 0);

function times(one: Points, other: Points): Points {
  return one === 0 || other === 0 ? 0 : product(one, other);
}

/** What is known already is worked out at once, so that little is left to do for each operation. */
function combined(combine: (one: number, other: number) => number, neutral: number) {
  return (one: Points, other: Points): Points => {
    if (typeof one === 'number' && typeof other === 'number') return combine(one, other);
    if (one === neutral) return other;
    if (other === neutral) return one;
    return (variables) => combine(total(one, variables), total(other, variables));
  };
}
