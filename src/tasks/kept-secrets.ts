import { hideTree, secretText, type SecretTree, treeOf } from '../definition/secrets.ts';
import { BadUserInputError, type Issue } from '../errors.ts';
import { sorted } from './idempotency.ts';

/**
 * An edited input in which each `"[secret]"` that was left in place has become the original's value there. In a list,
 * an item is the original one that looks the same, else the one at its place if the list is as long as it was: nobody
 * gets another's secret because an item before it has gone.
 *
 * @throws BadUserInputError where the original has no value to keep; paths begin with `input`
 */
export function keepSecrets(edited: unknown, original: unknown, secrets: readonly string[]): unknown {
  if (secrets.length === 0) return edited;
  const walk = new Walk();
  const kept = walk.value(edited, original, treeOf(secrets), ['input']);
  const [first] = walk.issues;
  if (first === undefined) return kept;
  throw new BadUserInputError(`${first.path.join('.')}: ${first.message}`, walk.issues);
}

type Path = Issue['path'];

class Walk {
  readonly issues: Issue[] = [];

  value(edited: unknown, original: unknown, tree: SecretTree, path: Path): unknown {
    if (Array.isArray(edited)) return this.#list(edited, original, tree, path);
    if (typeof edited !== 'object' || edited === null) return edited;
    return Object.fromEntries(
      Object.entries(edited).map(([name, value]) => {
        if (!tree.has(name)) return [name, value];
        const below = tree.get(name);
        const from = memberOf(original, name);
        const at = [...path, name];
        if (below !== undefined) return [name, this.value(value, from, below, at)];
        return [name, value === secretText ? this.#kept(from, at) : value];
      }),
    );
  }

  #list(edited: readonly unknown[], original: unknown, tree: SecretTree, path: Path): unknown[] {
    const originals: unknown[] = Array.isArray(original) ? original : [original];
    const look = (item: unknown): string => lookOf(item, tree);
    const places = placesOf(edited.map(look), originals.map(look));
    return edited.map((item, index) => {
      const place = places[index];
      return this.value(item, place === undefined ? undefined : originals[place], tree, [...path, index]);
    });
  }

  #kept(value: unknown, path: Path): unknown {
    if (value !== undefined && value !== null) return value;
    const message = `Expected the value itself, as there is none that "${secretText}" could stand for.`;
    this.issues.push({ path, message });
    return value;
  }
}

/** Which original each item is, by its look; those that look the same in place come first, so that of twins each keeps its own. */
function placesOf(looks: readonly string[], originals: readonly string[]): readonly (number | undefined)[] {
  const isInPlace = (index: number): boolean => looks[index] === originals[index];
  const free = Map.groupBy(
    [...originals.keys()].filter((place) => !isInPlace(place)),
    (place) => originals[place],
  );
  const same = looks.map((look, index) => (isInPlace(index) ? index : free.get(look)?.shift()));
  if (looks.length !== originals.length) return same;
  const taken = new Set(same);
  return same.map((place, index) => place ?? (taken.has(index) ? undefined : index));
}

/** What can be seen of an item, in whatever order it is written. */
function lookOf(item: unknown, tree: SecretTree): string {
  return JSON.stringify(sorted(hideTree(item, tree)));
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  // An own member of an object that JSON made.
  return (value as Record<string, unknown>)[name];
}
