import { InputFieldBuilder, type InputFieldMap, type InputShapeFromFields } from '@pothos/core';
import type { Builder, BuilderTypes } from './builder.ts';
import type { EnumName, EnumValues } from './output.ts';

export type { InputFieldMap } from '@pothos/core';

/** What `run` gets for these fields. */
export type InputShape<Fields extends InputFieldMap> = InputShapeFromFields<Fields>;

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
