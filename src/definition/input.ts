import {
  type FieldRequiredness,
  InputFieldBuilder,
  type InputFieldMap,
  type InputShapeFromFields,
  type InputType,
  type SchemaTypes,
} from '@pothos/core';
import type { Builder, BuilderTypes } from './builder.ts';
import type { EnumName, EnumValues } from './output.ts';
import { describedField } from './type-names.ts';

export type { InputFieldMap } from '@pothos/core';

/** What `run` gets for these fields. */
export type InputShape<Fields extends InputFieldMap> = InputShapeFromFields<Fields>;

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- the way in which Pothos is extended
  namespace PothosSchemaTypes {
    // Pothos' own type parameters, to the letter: TypeScript wants them in each part of an interface.
    interface InputObjectFieldOptions<
      Types extends SchemaTypes = SchemaTypes,
      Type extends InputType<Types> | [InputType<Types>] = InputType<Types> | [InputType<Types>],
      Req extends FieldRequiredness<Type> = FieldRequiredness<Type>,
    > {
      /** Whether only `run` gets it: everybody else is shown `"[secret]"`. @default false */
      readonly secret?: boolean;
    }
  }
}

type Types = BuilderTypes;
type FieldRef<Value, Required extends boolean> = PothosSchemaTypes.InputFieldRef<
  Types,
  Required extends true ? Value : Value | null | undefined
>;

export interface InputTypeOptions<Value, Required extends boolean> {
  readonly description?: string;
  readonly deprecationReason?: string;
  /** Whether it must be given and not be null. @default false */
  readonly required?: Required;
  readonly defaultValue?: Value;
  /** Whether only `run` gets it: everybody else is shown `"[secret]"`. @default false */
  readonly secret?: boolean;
  /** Describes the type itself, where `description` describes this field of it. */
  readonly typeDescription?: string;
}

/** The `t` of `input: (t) => ({ … })`: Pothos' own input fields, and named objects and enums in place. */
export interface InputFields extends PothosSchemaTypes.InputFieldBuilder<Types, 'InputObject'> {
  /** A field of an enum: `t.enum('ImageFormat', ['JPEG', 'PNG'])`, or `{ JPEG: 'its description', … }`. */
  enum<const Values extends EnumValues, Required extends boolean = false>(
    name: string,
    values: Values,
    options?: InputTypeOptions<NoInfer<EnumName<Values>>, Required>,
  ): FieldRef<EnumName<Values>, Required>;
  enumList<const Values extends EnumValues, Required extends boolean = false>(
    name: string,
    values: Values,
    options?: InputTypeOptions<NoInfer<EnumName<Values>>[], Required>,
  ): FieldRef<EnumName<Values>[], Required>;
  /** A field of an input object type: `t.object('Size', (t) => ({ width: t.int({ required: true }) }))`. */
  object<Fields extends InputFieldMap, Required extends boolean = false>(
    name: string,
    fields: (t: InputFields) => Fields,
    options?: InputTypeOptions<NoInfer<InputShape<Fields>>, Required>,
  ): FieldRef<InputShape<Fields>, Required>;
  objectList<Fields extends InputFieldMap, Required extends boolean = false>(
    name: string,
    fields: (t: InputFields) => Fields,
    options?: InputTypeOptions<NoInfer<InputShape<Fields>>[], Required>,
  ): FieldRef<InputShape<Fields>[], Required>;
}

/** Puts a named type on the builder, or finds it there, and gives its ref. */
export interface InputTypeSource {
  enum(name: string, values: EnumValues, description: string | undefined): InputTypeRef;
  object(name: string, fields: InputFieldMap, description: string | undefined): InputTypeRef;
}

/** A ref of a type that Pothos takes for the type of an input field. */
export type InputTypeRef =
  | PothosSchemaTypes.InputObjectRef<Types, unknown>
  | PothosSchemaTypes.EnumRef<Types, unknown>;

/** Makes the `t` of an input: named types go to `source`. */
export function createInputFields(builder: Builder, source: InputTypeSource): InputFields {
  const base = new InputFieldBuilder<Types, 'InputObject'>(builder, 'InputObject');
  // Its other methods come here, too.
  const plain = base.field.bind(base);
  base.field = (options) => plain(options.secret === true ? markedSecret(options) : options);
  const field = (type: InputTypeRef | [InputTypeRef], options: InputTypeOptions<unknown, boolean> = {}) => {
    const { typeDescription: _, ...rest } = options;
    return base.field({ ...rest, type });
  };
  const object = (name: string, fields: (t: InputFields) => InputFieldMap, description: string | undefined) =>
    source.object(name, fields(extended), description);
  const added = {
    enum: (name: string, values: EnumValues, options?: InputTypeOptions<unknown, boolean>) =>
      field(source.enum(name, values, options?.typeDescription), options),
    enumList: (name: string, values: EnumValues, options?: InputTypeOptions<unknown, boolean>) =>
      field([source.enum(name, values, options?.typeDescription)], options),
    object: (
      name: string,
      fields: (t: InputFields) => InputFieldMap,
      options?: InputTypeOptions<unknown, boolean>,
    ) => field(object(name, fields, options?.typeDescription), options),
    objectList: (
      name: string,
      fields: (t: InputFields) => InputFieldMap,
      options?: InputTypeOptions<unknown, boolean>,
    ) => field([object(name, fields, options?.typeDescription)], options),
  };
  // The methods above take what those of InputFields take; which value a field holds is only in the type.
  const extended = Object.assign(base, added) as unknown as InputFields;
  return extended;
}

/** Says that a field is secret to our code, and to whoever reads the schema. */
function markedSecret<Options extends { readonly description?: string; readonly extensions?: object }>(
  options: Options,
): Options {
  const { description, extensions } = options;
  return {
    ...options,
    ...describedField(description, 'Secret: it is shown to nobody.'),
    extensions: { ...extensions, secret: true },
  };
}
