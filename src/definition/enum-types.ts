import type { BuilderTypes } from './builder.ts';
import type { EnumValues } from './output.ts';
import { checkTypeName, enumValueConfigs } from './type-names.ts';
import type { TypeScope } from './type-registry.ts';

export type EnumRef = PothosSchemaTypes.EnumRef<BuilderTypes, unknown>;

/** Puts an enum on the builder, or finds it there: inputs and outputs share them. */
export function addEnum(
  { builder, definition, registry, report }: TypeScope,
  name: string,
  values: EnumValues,
  description: string | undefined,
): EnumRef {
  checkTypeName(name, report);
  const configs = enumValueConfigs(name, values, report);
  const signature = `enum { ${Object.keys(configs).join(', ')} }`;
  return registry.use({ name, signature, definition, nested: true }, (name) =>
    builder.enumType(name, { values: configs, ...(description === undefined ? {} : { description }) }),
  );
}
