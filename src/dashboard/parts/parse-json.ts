import type { Json } from '../client/graphql.ts';

/** What a text says as JSON, or in a sentence why it says nothing. */
export type Parsed = { readonly value: Json } | { readonly problem: string };

/** Reads a text as JSON. */
export function parseJson(text: string): Parsed {
  try {
    // JSON.parse makes nothing else.
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return { problem: `That isn't JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
