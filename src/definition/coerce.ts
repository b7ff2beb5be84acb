import {
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
} from 'graphql';
import type { Issue } from '../errors.ts';
import { holdsSecret, isSecretField, secretText } from './secrets.ts';
import { cut, show } from './show.ts';

/** An input that has its types, or what keeps it from having them. */
export type Coerced = { readonly value: unknown } | { readonly issues: readonly Issue[] };

type Path = readonly (string | number)[];

// A list of a hundred thousand wrong items is answered like one of a hundred.
const mostIssues = 100;

/**
 * Turns wire JSON into what the input type stands for (`"https://…"` into a URL, defaults filled in), or says
 * everything that is wrong with it.
 *
 * By GraphQL's rules, but not by graphql-js: that gives the parent's path for a missing or unknown field,
 * repeats whole values in its messages, and hands out the same default object each time.
 */
export function coerceToType(wire: unknown, type: GraphQLInputType): Coerced {
  const walk = new Walk();
  const value = walk.value(wire, type, []);
  return walk.issues.length > 0 ? { issues: walk.issues } : { value };
}

/** The other way: gives the wire JSON of a coerced value, as a resolver gets it from graphql-js. */
export function uncoerce(value: unknown, type: GraphQLInputType): unknown {
  if (value === null || value === undefined) return value;
  if (isNonNullType(type)) return uncoerce(value, type.ofType);
  if (isListType(type)) {
    return Array.isArray(value)
      ? value.map((item) => uncoerce(item, type.ofType))
      : uncoerce(value, type.ofType);
  }
  if (isInputObjectType(type)) {
    if (typeof value !== 'object') return value;
    const fields = type.getFields();
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [
        name,
        Object.hasOwn(fields, name) && fields[name] ? uncoerce(field, fields[name].type) : field,
      ]),
    );
  }
  try {
    return type.coerceOutputValue(value);
  } catch {
    // Not a value of this type: `coerceToType` is the one to say so.
    return value;
  }
}

/** Gives a sentence for each default value that its own type doesn't take. */
export function findBadDefaults(type: GraphQLInputObjectType): string[] {
  return Object.values(type.getFields()).flatMap((field) => {
    if (field.defaultValue === undefined) return [];
    const coerced = coerceToType(uncoerce(field.defaultValue, field.type), field.type);
    if ('value' in coerced) return [];
    return coerced.issues.map(
      ({ path, message }) =>
        `the default of ${[type.name, field.name, ...path].join('.')} isn't a value of its type: ${message}`,
    );
  });
}

class Walk {
  readonly issues: Issue[] = [];

  /** A value that is secret is never repeated in an issue. */
  value(wire: unknown, type: GraphQLInputType, path: Path, isSecret = false): unknown {
    if (this.issues.length >= mostIssues) return undefined;
    if (isNonNullType(type)) {
      if (wire === undefined) return this.#issue(path, `Expected ${String(type)}, but it is missing.`);
      if (wire === null) return this.#issue(path, `Expected ${String(type)}, not null.`);
      return this.value(wire, type.ofType, path, isSecret);
    }
    if (wire === null || wire === undefined) return wire;
    if (isListType(type)) {
      // GraphQL takes a single value for a list of one.
      if (!Array.isArray(wire)) return [this.value(wire, type.ofType, path, isSecret)];
      return wire.map((item, index) => this.value(item ?? null, type.ofType, [...path, index], isSecret));
    }
    if (!isInputObjectType(type)) return this.#leaf(wire, type, path, isSecret);
    if (typeof wire === 'object' && !Array.isArray(wire)) return this.#object(wire, type, path, isSecret);
    // Also where it isn't secret as a whole: it may be the object as text.
    return this.#unlike(path, `${String(type)}, an object`, wire, isSecret || holdsSecret(type));
  }

  #object(wire: object, type: GraphQLInputObjectType, path: Path, isSecret: boolean): unknown {
    const fields = type.getFields();
    // Own properties only: `constructor` and `__proto__` are names like any other, and unknown ones.
    const given = new Map<string, unknown>(Object.entries(wire).filter(([, value]) => value !== undefined));
    const value: Record<string, unknown> = {};
    for (const field of Object.values(fields)) {
      const from = given.has(field.name) ? given.get(field.name) : uncoerce(field.defaultValue, field.type);
      const at = [...path, field.name];
      const isHidden = isSecret || isSecretField(field);
      const coerced =
        isHidden && from === secretText
          ? this.#issue(at, `Expected the value itself: "${secretText}" is only what is shown of it.`)
          : this.value(from, field.type, at, isHidden);
      if (coerced !== undefined) value[field.name] = coerced;
    }
    const names = Object.keys(fields).join(', ');
    for (const name of given.keys()) {
      if (this.issues.length >= mostIssues) break;
      if (Object.hasOwn(fields, name)) continue;
      if (!isSecret) {
        this.#issue([...path, name], `${String(type)} has no field of this name; it has ${names}.`);
        continue;
      }
      // Of a secret the names, too, may be what is secret.
      this.#issue(path, `${String(type)} has no other fields than ${names}.`);
      break;
    }
    if (type.isOneOf && (given.size !== 1 || given.values().next().value === null)) {
      this.#issue(path, `Expected exactly one of ${names}, and not null.`);
    }
    return value;
  }

  #leaf(wire: unknown, type: GraphQLLeafType, path: Path, isSecret: boolean): unknown {
    let reason = '';
    try {
      const value = type.coerceInputValue(wire);
      if (value !== undefined) return value;
    } catch (error) {
      // Only the message, and only its start: a scalar may repeat a whole file in it.
      reason = error instanceof Error ? ` (${cut(error.message, 160)})` : '';
    }
    if (!isEnumType(type)) return this.#unlike(path, type.name, wire, isSecret, reason);
    const names = type.getValues().map(({ name }) => name);
    return this.#unlike(path, `${type.name}, one of ${names.join(', ')}`, wire, isSecret);
  }

  #unlike(path: Path, expected: string, wire: unknown, isSecret: boolean, reason = ''): undefined {
    const got = isSecret ? 'not what came, which is secret' : `not ${show(wire)}${reason}`;
    return this.#issue(path, `Expected ${expected}, ${got}.`);
  }

  #issue(path: Path, message: string): undefined {
    this.issues.push({ path, message });
  }
}
