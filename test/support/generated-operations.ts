import {
  getNamedType,
  getNullableType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Lexer,
  Source,
  TokenKind,
} from 'graphql';

/** A field of Query, Mutation or Subscription. */
export interface RootField {
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly field: GraphQLField<unknown, unknown>;
}

/** Where in the arguments of a field something stands. */
export type Place = readonly string[];

/** All root fields of a schema. */
export function rootFields(schema: GraphQLSchema): RootField[] {
  const roots = [
    ['query', schema.getQueryType()],
    ['subscription', schema.getSubscriptionType()],
    ['mutation', schema.getMutationType()],
  ] as const;
  return roots.flatMap(([kind, root]) =>
    Object.values(root?.getFields() ?? {}).map((field) => ({ kind, field })),
  );
}

/** Where a root field takes ids, in its arguments and in the inputs below. */
export function idPlaces({ field }: RootField): Place[] {
  return field.args.flatMap((argument) => placesIn(argument, [], new Set()));
}

function placesIn(
  { name, type }: GraphQLArgument | GraphQLInputField,
  above: Place,
  seen: ReadonlySet<GraphQLNamedType>,
): Place[] {
  const named = getNamedType(type);
  const place = [...above, name];
  if (named.name === 'ID') return [place];
  if (!isInputObjectType(named) || seen.has(named)) return [];
  const inner = new Set([...seen, named]);
  return Object.values(named.getFields()).flatMap((field) => placesIn(field, place, inner));
}

/**
 * An operation of one root field, made of its types: with what it requires, and what is to stand at some places. It
 * selects as much as a document may.
 */
export function operationOf(
  { kind, field }: RootField,
  given: readonly { readonly place: Place; readonly value: unknown }[] = [],
): { readonly query: string; readonly variables: Record<string, unknown> } {
  const used = field.args.filter(
    ({ name, type, defaultValue }) =>
      (isNonNullType(type) && defaultValue === undefined) || given.some(({ place }) => place[0] === name),
  );
  const variables = Object.fromEntries(
    used.map(({ name, type }) => [name, valueOf(type, [name], given)] as const),
  );
  const declared = used.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const passed = used.map(({ name }) => `${name}: $${name}`).join(', ');
  const head = `${kind}${declared && `(${declared})`} { ${field.name}${passed && `(${passed})`}`;
  const documents = [4, 3, 2, 1].map((depth) => `${head} ${selectionOf(getNamedType(field.type), depth)} }`);
  const query = documents.find((document) => tokensOf(document) < 900);
  if (query === undefined) throw new Error(`${field.name} has too many fields for a document`);
  return { query, variables };
}

/** Values that are valid wherever a type is asked for. */
const scalars: Readonly<Record<string, unknown>> = {
  ID: 'none',
  Int: 1,
  Float: 1,
  String: 'x',
  Boolean: false,
  DateTimeISO: '2026-01-01T00:00:00.000Z',
  Duration: '1s',
  JSON: {},
};

function valueOf(
  type: GraphQLInputType,
  place: Place,
  given: readonly { readonly place: Place; readonly value: unknown }[],
): unknown {
  const own = given.find((one) => one.place.join('.') === place.join('.'));
  const nullable = getNullableType(type);
  if (own !== undefined) return isListType(nullable) ? [own.value] : own.value;
  if (isListType(nullable)) return [valueOf(nullable.ofType, place, given)];
  if (isEnumType(nullable)) return nullable.getValues()[0]?.name;
  if (isInputObjectType(nullable)) {
    const fields = Object.values(nullable.getFields());
    const chosen = nullable.isOneOf
      ? fields.slice(0, 1)
      : fields.filter(
          ({ name, type }) => isNonNullType(type) || given.some((one) => one.place[place.length] === name),
        );
    return Object.fromEntries(
      chosen.map((field) => [field.name, valueOf(field.type, [...place, field.name], given)]),
    );
  }
  const { name } = nullable;
  if (!(name in scalars)) throw new Error(`Say in \`scalars\` what a valid ${name} is.`);
  return scalars[name];
}

/** All fields that need no arguments, so deep. */
function selectionOf(type: GraphQLNamedType, depth: number): string {
  if (!isObjectType(type) && !isInterfaceType(type)) return '';
  const inner = Object.values(type.getFields())
    .filter(({ args }) => args.every((argument) => !isNonNullType(argument.type)))
    .map((field) => {
      const named = getNamedType(field.type);
      if (isLeafType(named)) return field.name;
      return depth > 1 ? `${field.name} ${selectionOf(named, depth - 1)}` : '';
    });
  return `{ __typename ${inner.filter(Boolean).join(' ')} }`;
}

function tokensOf(document: string): number {
  const lexer = new Lexer(new Source(document));
  let tokens = 0;
  while (lexer.advance().kind !== TokenKind.EOF) tokens += 1;
  return tokens;
}
