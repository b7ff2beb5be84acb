import { secretText } from '../../client/secret-text.ts';
import { type Schema, shapeOf } from './shape.ts';
import { isJsonObject, Unreadable } from './value.ts';

/** A value without its secrets: for links, which others may see. */
export function withoutSecrets(value: unknown, schema: Schema, root: Schema): unknown {
  return mapSecrets(value, undefined, schema, root, () => undefined);
}

/** A value with its secrets covered: for the eyes of whoever looks over a shoulder, and for what is copied. */
export function coverSecrets(value: unknown, schema: Schema, root: Schema): unknown {
  return mapSecrets(value, undefined, schema, root, () => secretText);
}

/** The value of an edited text: a secret that is still covered is what it was. */
export function uncoverSecrets(value: unknown, before: unknown, schema: Schema, root: Schema): unknown {
  return mapSecrets(value, before, schema, root, (secret, hidden) =>
    secret === secretText && hidden !== undefined ? hidden : secret,
  );
}

function mapSecrets(
  value: unknown,
  before: unknown,
  schema: Schema,
  root: Schema,
  replace: (secret: unknown, before: unknown) => unknown,
): unknown {
  // What isn't JSON yet may hold a secret anywhere.
  if (value instanceof Unreadable) return replace(value, before);
  const shape = shapeOf(schema, root);
  if (shape.isSecret) return value === null || value === undefined ? value : replace(value, before);
  if (shape.kind === 'list' && Array.isArray(value)) {
    const items = inPlace(value, before, shape.items, root);
    return value.map((item, index) => mapSecrets(item, items[index], shape.items, root, replace));
  }
  if ((shape.kind !== 'object' && shape.kind !== 'one-of') || !isJsonObject(value)) return value;
  const properties = new Map(shape.properties);
  const mapped = Object.entries(value).map(([name, inner]) => {
    const property = properties.get(name);
    const hidden = isJsonObject(before) && Object.hasOwn(before, name) ? before[name] : undefined;
    return [
      name,
      property === undefined ? inner : mapSecrets(inner, hidden, property, root, replace),
    ] as const;
  });
  return Object.fromEntries(mapped.filter(([, inner]) => inner !== undefined));
}

/**
 * What each item of an edited list was before: the one that looks the same, else the one at its place if the list is as long
 * as it was, as the API has it. So nothing gets another's secret because an item before it has gone.
 */
function inPlace(
  items: readonly unknown[],
  before: unknown,
  schema: Schema,
  root: Schema,
): readonly unknown[] {
  if (!Array.isArray(before)) return [];
  const look = (item: unknown): string => JSON.stringify(coverSecrets(item, schema, root));
  const looks = before.map(look);
  const free = new Set(looks.keys());
  const take = (place: number): number | undefined => (free.delete(place) ? place : undefined);
  const same = items.map((item, index) => {
    const wanted = look(item);
    if (looks[index] === wanted && free.has(index)) return take(index);
    const place = looks.findIndex((one, at) => one === wanted && free.has(at));
    return place === -1 ? undefined : take(place);
  });
  return items.map((_, index) => {
    const place = same[index] ?? (items.length === before.length ? take(index) : undefined);
    return place === undefined ? undefined : before[place];
  });
}
