import type { EnumValues } from './output.ts';

/** Takes a problem of one definition, said so that the definition's name can stand before it. */
export type Report = (problem: string) => void;

const typeNamePattern = /^[A-Z][A-Za-z0-9]*$/;
const fieldNamePattern = /^(?!__)[A-Za-z_][A-Za-z0-9_]*$/;
const valueNamePattern = /^(?!__|(?:true|false|null)$)[A-Za-z_][A-Za-z0-9_]*$/;

/** Reports a nested type's name that GraphQL or our conventions don't allow. */
export function checkTypeName(name: string, report: Report): void {
  if (!typeNamePattern.test(name)) {
    report(`the type name ${JSON.stringify(name)} must match ${typeNamePattern.source}`);
  }
}

/** Reports field names that can't be used, and a type without any. */
export function checkFieldNames(where: string, names: readonly string[], report: Report): void {
  if (names.length === 0) report(`${where} has no fields; leave it out or give it one`);
  for (const name of names) {
    if (!fieldNamePattern.test(name)) {
      report(`${where} has a field ${JSON.stringify(name)}, which must match ${fieldNamePattern.source}`);
    } else if (name in Object.prototype) {
      // graphql-js reads `input[name]`: a missing field of such a name would be found on every object.
      report(`${where} has a field '${name}', which every JavaScript object has already; rename it`);
    }
  }
}

/** Gives an enum's values as Pothos takes them, and reports those that can't be used. */
export function enumValueConfigs(
  name: string,
  values: EnumValues,
  report: Report,
): Record<string, { value: string; description?: string }> {
  const entries = isList(values)
    ? values.map((value) => [value, undefined] as const)
    : Object.entries(values);
  if (entries.length === 0) report(`the enum ${name} has no values`);
  const configs: Record<string, { value: string; description?: string }> = {};
  for (const [value, description] of entries) {
    if (!valueNamePattern.test(value)) {
      report(
        `the enum ${name} has a value ${JSON.stringify(value)}, which must match ${valueNamePattern.source}`,
      );
    }
    if (Object.hasOwn(configs, value)) report(`the enum ${name} has the value '${value}' twice`);
    configs[value] = { value, ...(description === undefined ? {} : { description }) };
  }
  return configs;
}

/** A field's description, and a remark behind it; nothing where there is neither. */
export function describedField(
  description: string | undefined,
  remark: string | false,
): { description?: string } {
  const parts = [description, remark].filter((part) => part !== undefined && part !== false && part !== '');
  return parts.length === 0 ? {} : { description: parts.join(' ') };
}

function isList(values: EnumValues): values is readonly string[] {
  return Array.isArray(values);
}
