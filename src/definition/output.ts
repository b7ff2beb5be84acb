import type { Scalars } from './scalars.ts';

/** What a value of an output field is, as data: `types.ts` makes GraphQL types of it, `serialize.ts` checks by it. */
export type OutputType =
  | { readonly kind: 'scalar'; readonly name: string }
  | {
      readonly kind: 'enum';
      readonly name: string;
      readonly values: EnumValues;
      readonly description: string | undefined;
    }
  | {
      readonly kind: 'object';
      readonly name: string;
      readonly fields: OutputFieldMap;
      readonly description: string | undefined;
    }
  | { readonly kind: 'list'; readonly item: OutputType; readonly itemNullable: boolean };

/** Names of an enum's values, or names with a description each. */
export type EnumValues = readonly string[] | Readonly<Record<string, string>>;

/** The union of an enum's names. */
export type EnumName<Values extends EnumValues> = Values extends readonly (infer Name extends string)[]
  ? Name
  : keyof Values & string;

/** One field of an output as data. */
export interface AnyOutputField {
  readonly type: OutputType;
  readonly nullable: boolean;
  readonly secret: boolean;
  readonly description: string | undefined;
  readonly deprecationReason: string | undefined;
}

// Never set: they only carry types from a field to the check of what `run` returns. As `AnyOutputField` lacks
// them, TypeScript infers them from the call alone and not from where its result goes.
declare const valueType: unique symbol;
declare const nullableType: unique symbol;

/** One field of an output, as `t.int()` and the like make it. */
export interface OutputField<Value = unknown, Nullable extends boolean = boolean> extends AnyOutputField {
  readonly [valueType]: Value;
  readonly [nullableType]: Nullable;
}

export type OutputFieldMap = Readonly<Record<string, AnyOutputField>>;

export interface OutputFieldOptions<Nullable extends boolean> {
  readonly description?: string;
  readonly deprecationReason?: string;
  /** Whether `run` may leave it out or give null. In the schema every output field is nullable. @default false */
  readonly nullable?: Nullable;
  /** Whether nobody is shown it: clients get null, a parent of the task gets the value. @default false */
  readonly secret?: boolean;
}

export interface OutputTypeOptions<Nullable extends boolean> extends OutputFieldOptions<Nullable> {
  /** Describes the type itself, where `description` describes this field of it. */
  readonly typeDescription?: string;
}

type Simplify<T> = { [Key in keyof T]: T[Key] } & {};

/** What `run` has to return for these fields. */
export type OutputShape<Fields extends OutputFieldMap> = Simplify<
  {
    readonly [Key in keyof Fields as Fields[Key] extends OutputField<unknown, true> ? never : Key]: ValueOf<
      Fields[Key]
    >;
  } & {
    readonly [Key in keyof Fields as Fields[Key] extends OutputField<unknown, true> ? Key : never]?:
      | ValueOf<Fields[Key]>
      | null
      | undefined;
  }
>;

type ValueOf<Field> = Field extends OutputField<infer Value> ? Value : never;

interface BaseScalars {
  Int: { Output: number };
  Float: { Output: number };
  String: { Output: string };
  Boolean: { Output: boolean };
  ID: { Output: number | string };
}
type OutputScalars = BaseScalars & { [Name in keyof Scalars]: Scalars[Name] };
type ScalarParam = keyof OutputScalars | readonly [keyof OutputScalars];
type ScalarShape<Param extends ScalarParam> = Param extends readonly [infer Name extends keyof OutputScalars]
  ? readonly ScalarValue<Name>[]
  : ScalarValue<Param>;
type ScalarValue<Name> = Name extends keyof OutputScalars
  ? OutputScalars[Name] extends { Output: infer Value }
    ? Value
    : never
  : never;

type OutputMethod<Value> = <Nullable extends boolean = false>(
  options?: OutputFieldOptions<Nullable>,
) => OutputField<Value, Nullable>;

/** The `t` of `output: (t) => ({ … })`: as in an input, but for what `run` returns. */
export interface OutputFields {
  readonly int: OutputMethod<number>;
  readonly float: OutputMethod<number>;
  readonly string: OutputMethod<string>;
  readonly boolean: OutputMethod<boolean>;
  readonly id: OutputMethod<number | string>;
  readonly intList: OutputMethod<readonly number[]>;
  readonly floatList: OutputMethod<readonly number[]>;
  readonly stringList: OutputMethod<readonly string[]>;
  readonly booleanList: OutputMethod<readonly boolean[]>;
  readonly idList: OutputMethod<readonly (number | string)[]>;
  /** A field of any scalar: `t.field({ type: 'URL' })`, `t.field({ type: ['URL'] })` for a list. */
  field<const Type extends ScalarParam, Nullable extends boolean = false>(
    options: OutputFieldOptions<Nullable> & { readonly type: Type },
  ): OutputField<ScalarShape<Type>, Nullable>;
  /** A field of an enum: `t.enum('ImageFormat', ['JPEG', 'PNG'])`, or `{ JPEG: 'its description', … }`. */
  enum<const Values extends EnumValues, Nullable extends boolean = false>(
    name: string,
    values: Values,
    options?: OutputTypeOptions<Nullable>,
  ): OutputField<EnumName<Values>, Nullable>;
  enumList<const Values extends EnumValues, Nullable extends boolean = false>(
    name: string,
    values: Values,
    options?: OutputTypeOptions<Nullable>,
  ): OutputField<readonly EnumName<Values>[], Nullable>;
  /** A field of an object type: `t.object('Size', (t) => ({ width: t.int(), height: t.int() }))`. */
  object<Fields extends OutputFieldMap, Nullable extends boolean = false>(
    name: string,
    fields: (t: OutputFields) => Fields,
    options?: OutputTypeOptions<Nullable>,
  ): OutputField<OutputShape<Fields>, Nullable>;
  objectList<Fields extends OutputFieldMap, Nullable extends boolean = false>(
    name: string,
    fields: (t: OutputFields) => Fields,
    options?: OutputTypeOptions<Nullable>,
  ): OutputField<readonly OutputShape<Fields>[], Nullable>;
  /** A list of any of the others: `t.list(t.list(t.float()))`. Its items may be null where the inner is nullable. */
  list<Value, ItemNullable extends boolean, Nullable extends boolean = false>(
    item: OutputField<Value, ItemNullable>,
    options?: OutputFieldOptions<Nullable>,
  ): OutputField<readonly (ItemNullable extends true ? Value | null | undefined : Value)[], Nullable>;
}

/** The one `t` for all outputs: it only makes data. */
export const outputFields: OutputFields = {
  int: (options) => field(scalar('Int'), options),
  float: (options) => field(scalar('Float'), options),
  string: (options) => field(scalar('String'), options),
  boolean: (options) => field(scalar('Boolean'), options),
  id: (options) => field(scalar('ID'), options),
  intList: (options) => field(listOf(scalar('Int')), options),
  floatList: (options) => field(listOf(scalar('Float')), options),
  stringList: (options) => field(listOf(scalar('String')), options),
  booleanList: (options) => field(listOf(scalar('Boolean')), options),
  idList: (options) => field(listOf(scalar('ID')), options),
  field: (options) => {
    const type: ScalarParam = options.type;
    return field(typeof type === 'string' ? scalar(type) : listOf(scalar(type[0])), options);
  },
  enum: (name, values, options) => field(enumOf(name, values, options), options),
  enumList: (name, values, options) => field(listOf(enumOf(name, values, options)), options),
  object: (name, fields, options) => field(objectOf(name, fields(outputFields), options), options),
  objectList: (name, fields, options) =>
    field(listOf(objectOf(name, fields(outputFields), options)), options),
  list: (item, options) => field({ kind: 'list', item: item.type, itemNullable: item.nullable }, options),
};

function field<Value, Nullable extends boolean>(
  type: OutputType,
  options: OutputFieldOptions<Nullable> = {},
): OutputField<Value, Nullable> {
  const { nullable = false, secret = false, description, deprecationReason } = options;
  // The value's type is only in the type; the default of `Nullable` is false, as here.
  return Object.freeze({ type, nullable, secret, description, deprecationReason }) as OutputField<
    Value,
    Nullable
  >;
}

function scalar(name: string): OutputType {
  return { kind: 'scalar', name };
}

function listOf(item: OutputType): OutputType {
  return { kind: 'list', item, itemNullable: false };
}

function enumOf(name: string, values: EnumValues, options?: OutputTypeOptions<boolean>): OutputType {
  return { kind: 'enum', name, values, description: options?.typeDescription };
}

function objectOf(name: string, fields: OutputFieldMap, options?: OutputTypeOptions<boolean>): OutputType {
  return { kind: 'object', name, fields, description: options?.typeDescription };
}
