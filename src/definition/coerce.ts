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

  value(wire: unknown, type: GraphQLInputType, path: Path): unknown {
    if (this.issues.length >= mostIssues) return undefined;
    if (isNonNullType(type)) {
      if (wire === undefined) return this.#issue(path, `Expected ${String(type)}, but it is missing.`);
      if (wire === null) return this.#issue(path, `Expected ${String(type)}, not null.`);
      return this.value(wire, type.ofType, path);
    }
    if (wire === null || wire === undefined) return wire;
    if (isListType(type)) {
      // GraphQL takes a single value for a list of one.
      if (!Array.isArray(wire)) return [this.value(wire, type.ofType, path)];
      return wire.map((item, index) => this.value(item ?? null, type.ofType, [...path, index]));
    }
    if (!isInputObjectType(type)) return this.#leaf(wire, type, path);
    if (typeof wire === 'object' && !Array.isArray(wire)) return this.#object(wire, type, path);
    return this.#issue(path, `Expected ${String(type)}, an object, not ${show(wire)}.`);
  }

  #object(wire: object, type: GraphQLInputObjectType, path: Path): unknown {
    const fields = type.getFields();
    // Own properties only: `constructor` and `__proto__` are names like any other, and unknown ones.
    const given = new Map<string, unknown>(Object.entries(wire).filter(([, value]) => value !== undefined));
    const value: Record<string, unknown> = {};
    for (const field of Object.values(fields)) {
      const from = given.has(field.name) ? given.get(field.name) : uncoerce(field.defaultValue, field.type);
      const coerced = this.value(from, field.type, [...path, field.name]);
      if (coerced !== undefined) value[field.name] = coerced;
    }
    const names = Object.keys(fields).join(', ');
    for (const name of given.keys()) {
      if (this.issues.length >= mostIssues) break;
      if (!Object.hasOwn(fields, name)) {
        this.#issue([...path, name], `${String(type)} has no field of this name; it has ${names}.`);
      }
    }
    if (type.isOneOf && (given.size !== 1 || given.values().next().value === null)) {
      this.#issue(path, `Expected exactly one of ${names}, and not null.`);
    }
    return value;
  }

  #leaf(wire: unknown, type: GraphQLLeafType, path: Path): unknown {
    let reason = '';
    try {
      const value = type.coerceInputValue(wire);
      if (value !== undefined) return value;
    } catch (error) {
      // Only the message, and only its start: a scalar may repeat a whole file in it.
      reason = error instanceof Error ? ` (${cut(error.message, 160)})` : '';
    }
    if (!isEnumType(type)) return this.#issue(path, `Expected ${type.name}, not ${show(wire)}${reason}.`);
    const names = type.getValues().map(({ name }) => name);
    return this.#issue(path, `Expected ${type.name}, one of ${names.join(', ')}, not ${show(wire)}.`);
  }

  #issue(path: Path, message: string): undefined {
    this.issues.push({ path, message });
  }
}
