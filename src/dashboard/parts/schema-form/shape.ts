/** A JSON Schema, or a part of one, as the API tells the input of a definition. */
export type Schema = Readonly<Record<string, unknown>>;

/** One of a fixed set of values. */
export interface Choice {
  readonly value: unknown;
  readonly description: string | undefined;
}

/** What kind of control a schema asks for, with what that control has to know. */
export type Shape = About &
  (
    | {
        readonly kind: 'text';
        readonly format: string | undefined;
        readonly minLength: number | undefined;
        readonly maxLength: number | undefined;
        readonly pattern: string | undefined;
      }
    | {
        readonly kind: 'number';
        readonly isWhole: boolean;
        readonly min: number | undefined;
        readonly max: number | undefined;
        /** It has to be greater than this. */
        readonly above: number | undefined;
      }
    | { readonly kind: 'boolean' }
    | { readonly kind: 'choice'; readonly choices: readonly Choice[] }
    | { readonly kind: 'list'; readonly items: Schema }
    | {
        readonly kind: 'object' | 'one-of';
        readonly properties: readonly (readonly [name: string, schema: Schema])[];
        readonly required: ReadonlySet<string>;
      }
    | { readonly kind: 'json'; readonly isObject: boolean }
  );

/** What is said of a value of any kind. */
interface About {
  /** The name of its GraphQL type. */
  readonly title: string | undefined;
  readonly description: string | undefined;
  /** What the API takes where nothing is given; undefined where there is none. */
  readonly default: unknown;
  readonly isNullable: boolean;
  readonly isSecret: boolean;
}

/** Reads a part of the schema `root`: its reference is followed, and that it may be null is a property. */
export function shapeOf(schema: Schema, root: Schema): Shape {
  const { said, isNullable } = flat(schema, root);
  const about: About = {
    title: text(said['title']),
    description: text(said['description']),
    default: said['default'],
    isNullable,
    isSecret: said['writeOnly'] === true,
  };
  const choices = choicesOf(said);
  if (choices !== undefined) return { ...about, kind: 'choice', choices };
  switch (said['type']) {
    case 'string': {
      const format = about.title === 'TimeZone' ? 'time-zone' : text(said['format']);
      const [minLength, maxLength] = [number(said['minLength']), number(said['maxLength'])];
      return { ...about, kind: 'text', format, minLength, maxLength, pattern: text(said['pattern']) };
    }
    case 'integer':
    case 'number':
      return {
        ...about,
        kind: 'number',
        isWhole: said['type'] === 'integer',
        min: number(said['minimum']),
        max: number(said['maximum']),
        above: number(said['exclusiveMinimum']),
      };
    case 'boolean':
      return { ...about, kind: 'boolean' };
    case 'array':
      return { ...about, kind: 'list', items: asSchema(said['items']) };
    case 'object': {
      if (said['properties'] === undefined) return { ...about, kind: 'json', isObject: true };
      const properties = Object.entries(asSchema(said['properties'])).map(
        ([name, property]) => [name, asSchema(property)] as const,
      );
      const required = new Set(list(said['required']).map(String));
      return { ...about, kind: Array.isArray(said['oneOf']) ? 'one-of' : 'object', properties, required };
    }
    default:
      return { ...about, kind: 'json', isObject: false };
  }
}

/** What a schema says when its reference is followed; its own words win over those that it refers to. */
function flat(schema: Schema, root: Schema): { readonly said: Schema; readonly isNullable: boolean } {
  const { $ref, anyOf, ...own } = schema;
  if (typeof $ref === 'string') {
    const target = flat(targetOf($ref, root), root);
    return { ...target, said: { ...target.said, ...own } };
  }
  const others = list(anyOf)
    .map(asSchema)
    .filter(({ type }) => type !== 'null');
  const [only] = others;
  if (only !== undefined && others.length === 1) {
    return { said: { ...flat(only, root).said, ...own }, isNullable: list(anyOf).length > 1 };
  }
  const types = list(own['type']);
  const named = types.filter((type) => type !== 'null');
  if (named.length !== 1) return { said: schema, isNullable: types.length !== named.length };
  return { said: { ...own, type: named[0] }, isNullable: named.length < types.length };
}

function targetOf(reference: string, root: Schema): Schema {
  const [, ...names] = reference.split('/');
  return names.reduce((at, name) => asSchema(at[name]), root);
}

function choicesOf(said: Schema): readonly Choice[] | undefined {
  if (Array.isArray(said['enum'])) {
    return list(said['enum']).map((value) => ({ value, description: undefined }));
  }
  const options = list(said['oneOf']).map(asSchema);
  if (options.length === 0 || !options.every((option) => Object.hasOwn(option, 'const'))) return undefined;
  return options.map((option) => ({ value: option['const'], description: text(option['description']) }));
}

function asSchema(value: unknown): Schema {
  // An object is a record of anything.
  return typeof value === 'object' && value !== null ? (value as Schema) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
