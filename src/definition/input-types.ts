import type { InputFieldMap } from '@pothos/core';
import type { BuilderTypes } from './builder.ts';
import { addEnum, type EnumRef } from './enum-types.ts';
import { createInputFields, type InputTypeSource } from './input.ts';
import { generatedNames } from './names.ts';
import { checkFieldNames, checkTypeName } from './type-names.ts';
import type { TypeScope } from './type-registry.ts';

export type InputRef = PothosSchemaTypes.InputObjectRef<BuilderTypes, unknown>;

/** Puts a definition's input type, with the types in it, on the builder; undefined where it has no input. */
export function addInputType(scope: TypeScope): InputRef | undefined {
  const { builder, definition } = scope;
  if (!definition.input) return undefined;
  const source: InputTypeSource = {
    enum: (name, values, description): EnumRef => addEnum(scope, name, values, description),
    object: (name, fields, description): InputRef => {
      checkTypeName(name, scope.report);
      return addObject(scope, name, fields, description, true);
    },
  };
  const fields = definition.input(createInputFields(builder, source));
  const { input } = generatedNames(definition.name).types;
  return addObject(scope, input, fields, `The input of \`${definition.name}\`.`, false);
}

function addObject(
  scope: TypeScope,
  name: string,
  fields: InputFieldMap,
  description: string | undefined,
  nested: boolean,
): InputRef {
  const { builder, definition, registry, report } = scope;
  checkFieldNames(`the input type ${name}`, Object.keys(fields), report);
  const signature = `input { ${signatureOf(name, fields, report)} }`;
  return registry.use({ name, signature, definition, nested }, (name) =>
    builder.inputType(name, { fields: () => fields, ...(description === undefined ? {} : { description }) }),
  );
}

// Pothos keeps a field's type to itself until the schema is built; its config tells it before.
interface FieldConfig {
  readonly type: FieldType;
  readonly defaultValue?: unknown;
  readonly extensions?: { readonly secret?: boolean };
}
type FieldType =
  | { readonly kind: 'List'; readonly type: FieldType; readonly required: boolean }
  | { readonly kind: string; readonly ref: { readonly name: string }; readonly required: boolean };
interface Configured {
  getConfig(name: string, parent: { readonly name: string }): FieldConfig;
}

function signatureOf(typeName: string, fields: InputFieldMap, report: TypeScope['report']): string {
  return Object.entries(fields)
    .map(([name, field]) => {
      try {
        // Every input field is one of Pothos' InputFieldRef, whose type has no public name.
        const config = (field as unknown as Configured).getConfig(name, { name: typeName });
        const fallback = config.defaultValue === undefined ? '' : ` = ${JSON.stringify(config.defaultValue)}`;
        const isSecret = config.extensions?.secret === true;
        if (isSecret && fallback !== '') {
          report(
            `the input field '${name}' is secret and has a default, which the schema would show: drop one`,
          );
        }
        return `${name}: ${typeText(config.type)}${fallback}${isSecret ? ' @secret' : ''}`;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        report(
          `the input field '${name}' has no usable type (${reason}); give a scalar of your own in \`scalars\``,
        );
        return name;
      }
    })
    .toSorted()
    .join(', ');
}

function typeText(type: FieldType): string {
  const inner = 'ref' in type ? type.ref.name : `[${typeText(type.type)}]`;
  return type.required ? `${inner}!` : inner;
}
