import { type Schema, type Shape, shapeOf } from './shape.ts';

/** What was typed where JSON is expected, as long as it isn't any. */
export class Unreadable {
  readonly text: string;
  readonly reason: string;

  constructor(text: string, reason: string) {
    this.text = text;
    this.reason = reason;
  }
}

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unreadable)
  );
}

/**
 * What a form begins with: what must be there and has one way to begin, such as an empty list. What isn't set stays out, so
 * that the API's own defaults hold.
 */
export function initialValue(schema: Schema, root: Schema): unknown {
  const shape = shapeOf(schema, root);
  if (shape.default !== undefined) return undefined;
  if (shape.kind === 'list') return [];
  if (shape.kind === 'one-of') return {};
  if (shape.kind !== 'object') return undefined;
  const begun = shape.properties
    .filter(([name]) => shape.required.has(name))
    .map(([name, property]) => [name, initialValue(property, root)] as const)
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(begun);
}

/** What a new item of a list begins with. */
export function initialItem(schema: Schema, root: Schema): unknown {
  const { kind, isNullable } = shapeOf(schema, root);
  return kind === 'text' ? '' : (initialValue(schema, root) ?? (isNullable ? null : undefined));
}

/** Whether the control of a shape shows all of a value. What it doesn't, as of an older version of an input, is edited as JSON. */
export function fits(value: unknown, shape: Shape): boolean {
  if (value === undefined || value === null) return true;
  switch (shape.kind) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number' || typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    case 'object':
      return isJsonObject(value);
    case 'one-of': {
      if (!isJsonObject(value)) return false;
      const [name, ...others] = Object.keys(value);
      return (
        others.length === 0 && (name === undefined || shape.properties.some(([known]) => known === name))
      );
    }
    case 'choice':
      return typeof value !== 'object';
    case 'json':
      return true;
  }
}

/** What a value becomes when its control is emptied. */
export function emptied(shape: Shape, isRequired: boolean): unknown {
  if (shape.default !== undefined) return shape.isNullable ? null : '';
  return isRequired && shape.kind === 'text' ? '' : undefined;
}

/** An object with one property changed, in the order of its schema; undefined takes the property away. */
export function withProperty(
  value: JsonObject,
  name: string,
  next: unknown,
  order: readonly string[],
): JsonObject {
  const { [name]: _, ...others } = value;
  const changed: JsonObject = next === undefined ? others : { ...others, [name]: next };
  const names = [...order.filter((name) => Object.hasOwn(changed, name)), ...Object.keys(changed)];
  return Object.fromEntries([...new Set(names)].map((name) => [name, changed[name]]));
}

/** The value at a place, undefined where there is none. */
export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((at, name) => {
    if (Array.isArray(at)) return at[Number(name)];
    return isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }, value);
}

/** JSON of a text: undefined of an empty one. */
export function readJson(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    return new Unreadable(text, error instanceof Error ? error.message : String(error));
  }
}

/** A value as text to edit. */
export function writeJson(value: unknown): string {
  if (value instanceof Unreadable) return value.text;
  return value === undefined ? '' : JSON.stringify(value, undefined, 2);
}

/** A number as it was typed; what isn't one stays a text, which the check finds. */
export function readNumber(text: string): unknown {
  const typed = text.trim();
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(typed) ? Number(typed) : text;
}

/** Whether two values are the same JSON. */
export function isSame(one: unknown, other: unknown): boolean {
  return one === other || (typeof one === typeof other && writeJson(one) === writeJson(other));
}
