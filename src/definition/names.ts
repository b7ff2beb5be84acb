/** Every name that the API makes from a definition's name. */
export interface GeneratedNames {
  readonly types: {
    readonly input: string;
    readonly options: string;
    readonly payload: string;
    readonly batchPayload: string;
    readonly batchItem: string;
    readonly task: string;
    readonly output: string;
  };
  readonly mutations: { readonly enqueue: string; readonly batch: string };
  readonly subscriptions: { readonly updated: string; readonly run: string };
}

/** What a definition may be called. */
export const definitionNamePattern = /^[a-z][A-Za-z0-9]{1,48}$/;

/** What a queue may be called. */
export const queueNamePattern = /^[a-z][A-Za-z0-9-]{0,47}$/;

/** Gives the names made from a definition's: `resizeImage` → `ResizeImageInput`, `resizeImageUpdated` … */
export function generatedNames(name: string): GeneratedNames {
  const pascal = name.charAt(0).toUpperCase() + name.slice(1);
  return {
    types: {
      input: `${pascal}Input`,
      options: `${pascal}Options`,
      payload: `${pascal}Payload`,
      batchPayload: `${pascal}BatchPayload`,
      batchItem: `${pascal}BatchItem`,
      task: `${pascal}Task`,
      output: `${pascal}Output`,
    },
    mutations: { enqueue: name, batch: `${name}Batch` },
    subscriptions: { updated: `${name}Updated`, run: `run${pascal}` },
  };
}

/** A name that stands in the schema, and what it is there for, in words. */
export interface OwnedName {
  readonly name: string;
  readonly owner: string;
}

/**
 * Gives a problem for every two names that are the same but for upper and lower case; one problem for two
 * owners, however many of their names clash.
 */
export function findClashes(names: Iterable<OwnedName>): string[] {
  const seen = new Map<string, OwnedName>();
  const problems = new Map<string, string>();
  for (const { name, owner } of names) {
    const other = seen.get(name.toLowerCase());
    const pair = `${other?.owner} ${owner}`;
    if (!other) {
      seen.set(name.toLowerCase(), { name, owner });
    } else if (!problems.has(pair)) {
      problems.set(
        pair,
        `The name '${name}' of ${owner} clashes with '${other.name}' of ${other.owner}: rename one.`,
      );
    }
  }
  return [...problems.values()];
}
