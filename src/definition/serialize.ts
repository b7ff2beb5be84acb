import type { GraphQLLeafType } from 'graphql';
import type { Issue } from '../errors.ts';
import type { OutputFieldMap, OutputType } from './output.ts';
import { outputSecrets } from './secrets.ts';
import { cut, show } from './show.ts';

/** Finds the type of a scalar or enum by its name. */
export type FindLeaf = (name: string) => GraphQLLeafType;

/** An output in its wire form, or what keeps it from having one. */
export type Serialized = { readonly wire: unknown } | { readonly issues: readonly Issue[] };

type Path = readonly (string | number)[];

const mostIssues = 100;

/** Turns what `run` returned into wire JSON by the output's fields, or says everything that is wrong with it. */
export function serializeToWire(value: unknown, fields: OutputFieldMap, findLeaf: FindLeaf): Serialized {
  const walk = new Walk(findLeaf);
  const wire = walk.object(value, fields, []);
  return walk.issues.length > 0 ? { issues: walk.issues } : { wire };
}

class Walk {
  readonly issues: Issue[] = [];
  readonly #findLeaf: FindLeaf;

  constructor(findLeaf: FindLeaf) {
    this.#findLeaf = findLeaf;
  }

  /** What is secret is never repeated in an issue. */
  object(value: unknown, fields: OutputFieldMap, path: Path, isSecret = false): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const isHidden = isSecret || outputSecrets(fields).length > 0;
      return this.#unlike(path, `an object with ${Object.keys(fields).join(', ')}`, value, isHidden);
    }
    const wire: Record<string, unknown> = {};
    const given = new Map<string, unknown>(Object.entries(value));
    for (const [name, { type, nullable, secret }] of Object.entries(fields)) {
      wire[name] = this.#value(given.get(name), type, nullable, [...path, name], isSecret || secret);
    }
    for (const [name, extra] of given) {
      if (Object.hasOwn(fields, name) || extra === undefined) continue;
      if (isSecret) this.#issue(path, 'The output has other fields than declared.');
      else this.#issue([...path, name], `The output has no field of this name; got ${show(extra)}.`);
    }
    return wire;
  }

  #value(value: unknown, type: OutputType, nullable: boolean, path: Path, isSecret: boolean): unknown {
    if (this.issues.length >= mostIssues) return null;
    if (value === null || value === undefined) {
      return nullable ? null : this.#issue(path, `Expected ${expected(type)}, got ${show(value)}.`);
    }
    if (type.kind === 'object') return this.object(value, type.fields, path, isSecret);
    if (type.kind !== 'list') return this.#leaf(value, type, path, isSecret);
    if (!Array.isArray(value)) return this.#unlike(path, expected(type), value, isSecret);
    return value.map((item, index) =>
      this.#value(item, type.item, type.itemNullable, [...path, index], isSecret),
    );
  }

  #leaf(
    value: unknown,
    type: Exclude<OutputType, { kind: 'list' | 'object' }>,
    path: Path,
    isSecret: boolean,
  ): unknown {
    try {
      const wire = this.#findLeaf(type.name).coerceOutputValue(value);
      if (wire !== undefined && wire !== null) return typeof wire === 'object' ? plain(wire) : wire;
    } catch (error) {
      const reason = error instanceof Error && type.kind === 'scalar' ? ` (${cut(error.message, 160)})` : '';
      return this.#unlike(path, expected(type), value, isSecret, reason);
    }
    return this.#unlike(path, expected(type), value, isSecret);
  }

  #unlike(path: Path, expected: string, value: unknown, isSecret: boolean, reason = ''): null {
    const got = isSecret ? 'something else, which is secret' : `${show(value)}${reason}`;
    return this.#issue(path, `Expected ${expected}, got ${got}.`);
  }

  #issue(path: Path, message: string): null {
    this.issues.push({ path, message });
    return null;
  }
}

// A JSON scalar passes on what it gets: dates and the like become what they are as JSON, a cycle is refused.
function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

function expected(type: OutputType): string {
  switch (type.kind) {
    case 'scalar':
      return type.name;
    case 'enum':
      return `one of ${(Array.isArray(type.values) ? type.values : Object.keys(type.values)).join(', ')}`;
    case 'object':
      return `an object with ${Object.keys(type.fields).join(', ')}`;
    default:
      return `a list of ${expected(type.item)}`;
  }
}
