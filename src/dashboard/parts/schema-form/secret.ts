import { secretText } from '../../client/secret-text.ts';
import { originalItems } from './original.ts';
import { type Schema, shapeOf } from './shape.ts';
import { isJsonObject, Unreadable } from './value.ts';

/** A value without its secrets: for links, which others may see. */
export function withoutSecrets(value: unknown, schema: Schema, root: Schema): unknown {
  return mapSecrets(value, undefined, schema, root, () => undefined);
}

/** A value with its secrets covered: for the eyes of whoever looks over a shoulder. */
export function coverSecrets(value: unknown, schema: Schema, root: Schema): unknown {
  return mapSecrets(value, undefined, schema, root, () => secretText);
}

/** The value of an edited text: a secret that is still covered is what it was. */
export function uncoverSecrets(value: unknown, before: unknown, schema: Schema, root: Schema): unknown {
  return mapSecrets(value, before, schema, root, (secret, hidden) =>
    secret === secretText && hidden !== undefined ? hidden : secret,
  );
}

/**
 * A value to copy, and the places of the secrets that are not in it: a text in place of each tells which belongs there.
 * `"[secret]"` stays as it is, as it means that the original's is kept.
 */
export function nameSecrets(
  value: unknown,
  schema: Schema,
): { readonly value: unknown; readonly named: readonly string[] } {
  const named: string[] = [];
  const covered = mapSecrets(value, undefined, schema, schema, (secret, _, path) => {
    if (secret === secretText) return secret;
    named.push(path.join('.'));
    return `<secret of ${path.join('.')}>`;
  });
  return { value: covered, named };
}

type Path = readonly (string | number)[];
type Replace = (secret: unknown, before: unknown, path: Path) => unknown;

function mapSecrets(
  value: unknown,
  before: unknown,
  schema: Schema,
  root: Schema,
  replace: Replace,
  path: Path = [],
): unknown {
  if (value === null || value === undefined) return value;
  const shape = shapeOf(schema, root);
  // What isn't JSON yet may hold a secret anywhere.
  if (shape.isSecret || value instanceof Unreadable) return replace(value, before, path);
  if (shape.kind === 'list') {
    // GraphQL takes a single value for a list of one.
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    const look = (item: unknown): unknown => coverSecrets(item, shape.items, root);
    const befores = originalItems(items, before, look);
    const mapped = items.map((item, index) => {
      const at = Array.isArray(value) ? [...path, index] : path;
      return mapSecrets(item, befores[index], shape.items, root, replace, at);
    });
    return Array.isArray(value) ? mapped : mapped[0];
  }
  if (shape.kind !== 'object' && shape.kind !== 'one-of') return value;
  // What isn't of its type may hold a secret wherever one has put it.
  if (!isJsonObject(value)) return holdsSecret(schema, root) ? replace(value, before, path) : value;
  const properties = new Map(shape.properties);
  const mapped = Object.entries(value).map(([name, inner]) => {
    const property = properties.get(name);
    const hidden = isJsonObject(before) && Object.hasOwn(before, name) ? before[name] : undefined;
    return [
      name,
      property === undefined ? inner : mapSecrets(inner, hidden, property, root, replace, [...path, name]),
    ] as const;
  });
  return Object.fromEntries(mapped.filter(([, inner]) => inner !== undefined));
}

/** Whether a secret is anywhere in a value of this type. */
function holdsSecret(schema: Schema, root: Schema, seen = new Set<Schema>()): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  const shape = shapeOf(schema, root);
  if (shape.isSecret) return true;
  if (shape.kind === 'list') return holdsSecret(shape.items, root, seen);
  if (shape.kind !== 'object' && shape.kind !== 'one-of') return false;
  return shape.properties.some(([, property]) => holdsSecret(property, root, seen));
}
