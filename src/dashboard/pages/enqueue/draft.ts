import { withoutSecrets } from '../../parts/schema-form/secret.ts';
import type { Schema } from '../../parts/schema-form/shape.ts';
import { initialValue, isJsonObject, type JsonObject, readJson } from '../../parts/schema-form/value.ts';

/** What one has filled in to enqueue a task. */
export interface Draft {
  readonly input: unknown;
  readonly options: JsonObject;
}

const drafts = new Map<string, Draft>();

/** Keeps what was filled in for who comes back to the form, as long as the page isn't loaded anew. */
export function keepDraft(name: string, draft: Draft): void {
  drafts.set(name, draft);
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
