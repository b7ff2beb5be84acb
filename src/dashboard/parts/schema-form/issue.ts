import { isSame, valueAt } from './value.ts';

/** What is wrong with an input, and where. */
export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What an error of the API says is wrong, place by place. */
export function issuesOf(extensions: Readonly<Record<string, unknown>>): readonly Issue[] {
  const { issues } = extensions;
  if (!Array.isArray(issues)) return [];
  return issues.flatMap((issue: unknown) => {
    if (typeof issue !== 'object' || issue === null) return [];
    const { path, message } = issue as { readonly path?: unknown; readonly message?: unknown };
    if (typeof message !== 'string' || !Array.isArray(path)) return [];
    return [{ path: path.map((name: unknown) => (typeof name === 'number' ? name : String(name))), message }];
  });
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
