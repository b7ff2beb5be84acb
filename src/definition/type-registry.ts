import type { Builder } from './builder.ts';
import type { TaskDefinition } from './definition.ts';
import { describe } from './source.ts';
import type { Report } from './type-names.ts';

/** What the types of one definition are put on. */
export interface TypeScope {
  readonly builder: Builder;
  readonly definition: TaskDefinition;
  readonly registry: TypeRegistry;
  /** The names of the scalars on the builder. */
  readonly scalars: ReadonlySet<string>;
  readonly report: Report;
}

/** A type that has a name in the schema. */
export interface NamedType {
  readonly name: string;
  /** The kind and the shape, without descriptions: `enum JPEG | PNG`, `input { width: Int! }`. */
  readonly signature: string;
  readonly definition: TaskDefinition;
  /** Whether the user named it; the other names follow from the definition's. */
  readonly nested: boolean;
}

/**
 * The named types of definitions on one builder. A name stands for one shape: used again with the same shape
 * it is the same type, with another it is a problem that names both definitions.
 */
export class TypeRegistry {
  readonly problems: string[] = [];
  readonly #types = new Map<string, NamedType & { readonly ref: unknown }>();

  get types(): readonly NamedType[] {
    return [...this.#types.values()];
  }

  /** Gives the type of this name and shape; `make` puts a new one on the builder. */
  use<Ref>(type: NamedType, make: (name: string) => Ref): Ref {
    const known = this.#types.get(type.name);
    if (!known) {
      const ref = make(type.name);
      this.#types.set(type.name, { ...type, ref });
      return ref;
    }
    // A signature starts with the kind of type, and that decides the kind of ref.
    if (known.signature === type.signature) return known.ref as Ref;
    const who =
      known.definition === type.definition
        ? `Task ${describe(type.definition)} uses`
        : `Tasks ${describe(known.definition)} and ${describe(type.definition)} use`;
    this.problems.push(
      `${who} the type name '${type.name}' for two shapes, ${known.signature} and ${type.signature}: rename one.`,
    );
    // Under a name of its own it lets the search for problems go on.
    return make(`${type.name}__${this.problems.length}`);
  }

  report(definition: TaskDefinition, problem: string): void {
    this.problems.push(`Task ${describe(definition)}: ${problem}.`);
  }
}
