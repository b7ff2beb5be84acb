import type { CombinedError } from 'urql';
import { isSame, valueAt } from './value.ts';

/** What is wrong with an input, and where. */
export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What the extensions of an error of the API say is wrong, place by place. */
export function issuesOf(extensions: Readonly<Record<string, unknown>>): readonly Issue[] {
  const { issues } = extensions;
  if (!Array.isArray(issues)) return [];
  return issues.flatMap((issue: unknown) => {
    if (typeof issue !== 'object' || issue === null) return [];
    const { path, message } = issue as { readonly path?: unknown; readonly message?: unknown };
    if (typeof message !== 'string') return [];
    const names: readonly unknown[] = Array.isArray(path) ? path : [];
    return [{ path: names.map((name) => (typeof name === 'number' ? name : String(name))), message }];
  });
}

/** All that a failed request says is wrong. */
export function issuesIn(error: CombinedError | undefined): readonly Issue[] {
  return error?.graphQLErrors.flatMap(({ extensions }) => issuesOf(extensions)) ?? [];
}

/** A place as one writes it: `items.2.price`; nothing of the whole. */
export function writePath(path: Issue['path']): string {
  return path.join('.');
}

/** What is wrong at a name and below it, with paths that begin there. */
export function issuesBelow(issues: readonly Issue[], name: string | number): readonly Issue[] {
  return issues
    .filter(({ path: [first] }) => first !== undefined && String(first) === String(name))
    .map(({ path, message }) => ({ path: path.slice(1), message }));
}

/** What is wrong with a value as a whole, or at a place below it that has no control of its own. */
export function issuesHere(issues: readonly Issue[], shown: readonly (string | number)[]): readonly Issue[] {
  const names = new Set(shown.map(String));
  return issues.filter(({ path: [first] }) => first === undefined || !names.has(String(first)));
}

/** What may still be wrong after an edit: all but what stands at a place with another value now. */
export function issuesLeft(issues: readonly Issue[], before: unknown, after: unknown): readonly Issue[] {
  return issues.filter(({ path }) => isSame(valueAt(before, path), valueAt(after, path)));
}
