/** What is wrong with an input, and where: `items.2.price`. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** The issues that an error of the API names in its extensions. */
export function issuesOf(extensions: Readonly<Record<string, unknown>>): Issue[] {
  const { issues } = extensions;
  if (!Array.isArray(issues)) return [];
  return issues.flatMap((issue: unknown) => {
    if (typeof issue !== 'object' || issue === null) return [];
    const { path, message } = issue as { readonly path?: unknown; readonly message?: unknown };
    if (typeof message !== 'string') return [];
    return [{ path: Array.isArray(path) ? path.map(String).join('.') : '', message }];
  });
}
