import { onTokenChange } from '../../client/token.ts';
import { withoutSecrets } from '../../parts/schema-form/secret.ts';
import type { Schema } from '../../parts/schema-form/shape.ts';
import { initialValue, isJsonObject, type JsonObject, readJson } from '../../parts/schema-form/value.ts';

/** What one has filled in to enqueue a task. */
export interface Draft {
  readonly input: unknown;
  readonly options: JsonObject;
}

const drafts = new Map<string, Draft>();
// Another one who signs in finds nothing of it.
onTokenChange(() => drafts.clear());

/**
 * Keeps what was filled in, but for secrets, for who comes back to the form, as long as the page isn't loaded anew and nobody
 * else signs in.
 */
export function keepDraft(name: string, { input, options }: Draft, schema: Schema | null): void {
  drafts.set(name, { input: schema === null ? input : withoutSecrets(input, schema, schema), options });
}

/** What the form of a definition begins with: what its address says, or what was filled in before, or nothing. */
export function draftOf(name: string, schema: Schema | null, search: string): Draft {
  const linked = readLink(search, schema);
  if (linked !== undefined) return { input: linked, options: {} };
  return drafts.get(name) ?? { input: schema === null ? {} : initialValue(schema, schema), options: {} };
}

/** The search of an address at which the form is filled in like this. Secrets aren't part of it. */
export function linkTo(input: unknown, schema: Schema): string {
  return `?${new URLSearchParams({ input: JSON.stringify(withoutSecrets(input, schema, schema)) })}`;
}

function readLink(search: string, schema: Schema | null): unknown {
  const given = new URLSearchParams(search).get('input');
  if (given === null || schema === null) return undefined;
  const input = readJson(given);
  return isJsonObject(input) ? withoutSecrets(input, schema, schema) : undefined;
}
