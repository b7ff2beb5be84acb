import type { Issue } from './issue.ts';
import { secretText } from '../../client/secret-text.ts';
import { type Schema, type Shape, shapeOf } from './shape.ts';
import { isJsonObject, Unreadable } from './value.ts';

/**
 * What a page can tell to be wrong with a value without asking the API, which has the last word. Paths are those of the
 * API's own issues.
 */
export function check(value: unknown, schema: Schema, root: Schema = schema): readonly Issue[] {
  return [...issues(value, shapeOf(schema, root), root, [])];
}

type Path = readonly (string | number)[];

function* issues(value: unknown, shape: Shape, root: Schema, path: Path): Generator<Issue> {
  if (value instanceof Unreadable) yield { path, message: `That isn't JSON: ${value.reason}` };
  else if (shape.isSecret && value === secretText) return;
  else if (value === null || value === undefined) {
    if (!shape.isNullable && shape.kind !== 'json') yield { path, message: 'Expected a value, got none.' };
  } else if (shape.kind === 'object' || shape.kind === 'one-of') {
    if (isJsonObject(value)) yield* ofObject(value, shape, root, path);
    else yield { path, message: 'Expected an object.' };
  } else if (shape.kind === 'list') {
    const items = shapeOf(shape.items, root);
    // GraphQL takes a single value for a list of one.
    if (!Array.isArray(value)) yield* issues(value, items, root, path);
    else for (const [index, item] of value.entries()) yield* issues(item, items, root, [...path, index]);
  } else {
    const message = wrong(value, shape);
    if (message !== undefined) yield { path, message };
  }
}

function* ofObject(
  value: Readonly<Record<string, unknown>>,
  shape: Extract<Shape, { readonly kind: 'object' | 'one-of' }>,
  root: Schema,
  path: Path,
): Generator<Issue> {
  const names = shape.properties.map(([name]) => name);
  const given = Object.keys(value);
  if (shape.kind === 'one-of' && given.length !== 1) {
    yield { path, message: `Expected exactly one of ${names.join(', ')}.` };
  }
  for (const [name, property] of shape.properties) {
    const inner = value[name];
    if (inner === undefined && shape.required.has(name)) {
      yield { path: [...path, name], message: 'Expected a value, as it is required.' };
    }
    if (inner === undefined && !(shape.kind === 'one-of' && Object.hasOwn(value, name))) continue;
    yield* issues(inner, shapeOf(property, root), root, [...path, name]);
  }
  for (const name of given) {
    if (!names.includes(name)) yield { path: [...path, name], message: `There is no field ${name}.` };
  }
}

/** What is wrong with a value that has no places of its own. */
function wrong(value: unknown, shape: Shape): string | undefined {
  switch (shape.kind) {
    case 'text':
      if (typeof value === 'string') return wrongText(value, shape);
      return shape.title === 'ID' && Number.isInteger(value) ? undefined : 'Expected a text.';
    case 'number':
      return wrongNumber(value, shape);
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'Expected true or false.';
    case 'choice':
      return shape.choices.some((choice) => choice.value === value)
        ? undefined
        : `Expected one of ${shape.choices.map((choice) => String(choice.value)).join(', ')}.`;
    case 'json':
      return shape.isObject && !isJsonObject(value) ? 'Expected a JSON object.' : undefined;
    default:
      return undefined;
  }
}

function wrongText(value: string, shape: Extract<Shape, { readonly kind: 'text' }>): string | undefined {
  const { format, minLength = 0, maxLength = Infinity, pattern, title } = shape;
  const length = Array.from(value).length;
  if (length < minLength) return `Expected at least ${minLength} character${minLength === 1 ? '' : 's'}.`;
  if (length > maxLength) return `Expected at most ${maxLength} characters, got ${length}.`;
  if (format === 'email' && !/^\S+@\S+$/.test(value))
    return 'Expected an email address, such as ada@example.com.';
  if (format === 'uri' && !URL.canParse(value))
    return 'Expected an absolute URL, such as https://example.com/.';
  if (format === 'date-time' && Number.isNaN(Date.parse(value))) {
    return 'Expected a point in time, such as 2026-03-01T09:30:00Z.';
  }
  if (format === 'duration' && value.trim() === '') return 'Expected a length of time, such as 30s or PT30S.';
  if (pattern !== undefined && !fits(value, pattern)) return `Expected a ${title ?? 'text'} like ${pattern}.`;
  return undefined;
}

function fits(value: string, pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    // The API knows what it means.
    return true;
  }
}

function wrongNumber(value: unknown, shape: Extract<Shape, { readonly kind: 'number' }>): string | undefined {
  const { isWhole, min = -Infinity, max = Infinity, above = -Infinity } = shape;
  const kind = isWhole ? 'a whole number' : 'a number';
  if (typeof value !== 'number' || !Number.isFinite(value) || (isWhole && !Number.isInteger(value))) {
    return `Expected ${kind}${value === '' ? '' : `, got ${JSON.stringify(value)}`}.`;
  }
  if (value < min) return `Expected ${kind} of at least ${min}, got ${value}.`;
  if (value > max) return `Expected ${kind} of at most ${max}, got ${value}.`;
  return value <= above ? `Expected ${kind} above ${above}, got ${value}.` : undefined;
}
