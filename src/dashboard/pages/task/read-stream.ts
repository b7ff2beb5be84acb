import type { Client, CombinedError } from 'urql';
import { graphql } from '../../client/graphql.ts';

const streamPage = graphql(`
  query StreamPage($id: ID!, $name: String!, $after: Int) {
    task(id: $id) {
      id
      stream(name: $name, after: $after, first: 1000) {
        text
        attempt
        lastIndex
        hasMore
      }
    }
  }
`);

/** Reads all that the last attempt has written to a stream, page by page. */
export async function readStream(
  client: Client,
  id: string,
  name: string,
): Promise<{ readonly text: string; readonly error?: CombinedError }> {
  let text = '';
  let after = -1;
  let last: number | null = null;
  for (;;) {
    const { data, error } = await client
      .query(streamPage, { id, name, after }, { requestPolicy: 'network-only' })
      .toPromise();
    if (error !== undefined) return { text, error };
    const page = data?.task?.stream;
    if (page === undefined) return { text };
    if (page.attempt !== null && page.attempt !== last) {
      last = page.attempt;
      text = '';
    }
    text += page.text;
    if (!page.hasMore) return { text };
    after = page.lastIndex;
  }
}
