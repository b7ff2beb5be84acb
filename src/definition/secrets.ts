import { getNamedType, type GraphQLInputField, type GraphQLInputType, isInputObjectType } from 'graphql';
import type { OutputFieldMap, OutputType } from './output.ts';

/** What is shown in place of a secret. */
export const secretText = '[secret]';

/** Where the secrets of a definition are: names of fields, joined by dots; lists on the way aren't told. */
export interface Secrets {
  readonly input: readonly string[];
  readonly output: readonly string[];
}

/** Whether a field of an input is marked secret. */
export function isSecretField({ extensions }: Pick<GraphQLInputField, 'extensions'>): boolean {
  return extensions['secret'] === true;
}

/** Where the secrets of an input are. */
export function inputSecrets(type: GraphQLInputType): readonly string[] {
  const named = getNamedType(type);
  if (!isInputObjectType(named)) return [];
  return Object.values(named.getFields()).flatMap((field) =>
    isSecretField(field) ? [field.name] : inputSecrets(field.type).map((path) => `${field.name}.${path}`),
  );
}

const holders = new WeakMap<object, boolean>();

/** Whether a secret is anywhere in a value of this type. */
export function holdsSecret(type: GraphQLInputType): boolean {
  const named = getNamedType(type);
  const known = holders.get(named);
  if (known !== undefined) return known;
  const holds = inputSecrets(named).length > 0;
  holders.set(named, holds);
  return holds;
}

/** Whether the value at a place below this type is secret, is part of a secret, or holds one. */
export function touchesSecret(type: GraphQLInputType, path: readonly (string | number)[]): boolean {
  let at = type;
  for (const name of path) {
    const named = getNamedType(at);
    if (typeof name === 'number' || !isInputObjectType(named)) continue;
    const fields = named.getFields();
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) return holdsSecret(named);
    if (isSecretField(field)) return true;
    at = field.type;
  }
  return holdsSecret(at);
}

/** Where the secrets of an output are. */
export function outputSecrets(fields: OutputFieldMap): readonly string[] {
  return Object.entries(fields).flatMap(([name, { type, secret }]) =>
    secret ? [name] : outputSecrets(fieldsOf(type)).map((path) => `${name}.${path}`),
  );
}

function fieldsOf(type: OutputType): OutputFieldMap {
  if (type.kind === 'list') return fieldsOf(type.item);
  return type.kind === 'object' ? type.fields : {};
}

/** Wire JSON with its secrets hidden. What isn't there, and null, is told as it is. */
export function hideSecrets(wire: unknown, secrets: readonly string[]): unknown {
  return secrets.length === 0 ? wire : hideTree(wire, treeOf(secrets));
}

/** The same, by what `treeOf` made. */
export function hideTree(wire: unknown, tree: SecretTree): unknown {
  return mapped(wire, tree, (value) => (value === null || value === undefined ? value : secretText));
}

/** Every text and number that is secret in some wire JSON. */
export function secretValues(wire: unknown, secrets: readonly string[]): string[] {
  const values = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value === 'string' || typeof value === 'number') values.add(String(value));
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  if (secrets.length > 0) mapped(wire, treeOf(secrets), collect);
  values.delete('');
  return [...values];
}

/** The names at a level, and what is below each; a secret has nothing below it. */
export type SecretTree = ReadonlyMap<string, SecretTree | undefined>;

/** The same paths, level by level. */
export function treeOf(secrets: readonly string[]): SecretTree {
  const below = Map.groupBy(secrets, (path) => path.split('.', 1)[0] ?? '');
  return new Map(
    [...below].map(([name, paths]) => {
      const rest = paths.filter((path) => path !== name).map((path) => path.slice(name.length + 1));
      return [name, rest.length < paths.length ? undefined : treeOf(rest)];
    }),
  );
}

/** A copy in which each secret has become another value. */
function mapped(wire: unknown, tree: SecretTree, replace: (value: unknown) => unknown): unknown {
  if (Array.isArray(wire)) return wire.map((item) => mapped(item, tree, replace));
  if (typeof wire !== 'object' || wire === null) return wire;
  return Object.fromEntries(
    Object.entries(wire).map(([name, value]) => {
      if (!tree.has(name)) return [name, value];
      const below = tree.get(name);
      return [name, below === undefined ? replace(value) : mapped(value, below, replace)];
    }),
  );
}
