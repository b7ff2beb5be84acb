import { useCallback, useEffect, useState } from 'react';
import { type Client, type CombinedError, useClient } from 'urql';
import { uncached } from '../../client/client.ts';
import { type ApiToken, apiTokens } from './documents.ts';
import { useAuditLog } from './use-audit-log.ts';

interface Loaded {
  readonly tokens: readonly ApiToken[] | undefined;
  readonly hasMore: boolean;
  readonly error: CombinedError | undefined;
}

/** The API tokens, read again whenever the audit tells that one was made or revoked, wherever that was. */
export function useApiTokens(): Loaded & { readonly more: () => void; readonly refresh: () => void } {
  const client = useClient();
  const { events } = useAuditLog({ actions: ['createApiToken', 'revokeApiToken'] }, 1);
  const newest = events[0]?.id;
  const [pages, setPages] = useState(1);
  const [round, setRound] = useState(0);
  const [loaded, setLoaded] = useState<Loaded>({ tokens: undefined, hasMore: false, error: undefined });
  useEffect(() => {
    let isOver = false;
    const load = async (): Promise<void> => {
      const next = await read(client, pages);
      if (!isOver) setLoaded((known) => ({ ...known, ...next }));
    };
    void load();
    return () => {
      isOver = true;
    };
  }, [client, pages, round, newest]);
  const more = useCallback(() => setPages((pages) => pages + 1), []);
  const refresh = useCallback(() => setRound((round) => round + 1), []);
  return { ...loaded, more, refresh };
}

/** So many pages of them, or what is wrong. */
async function read(client: Client, pages: number): Promise<Partial<Loaded>> {
  const tokens: ApiToken[] = [];
  let after: string | null = null;
  for (let page = 0; page < pages; page += 1) {
    const { data, error } = await client.query(apiTokens, { after }, uncached).toPromise();
    if (error !== undefined || data === undefined) return { error };
    tokens.push(...data.apiTokens.nodes);
    after = data.apiTokens.pageInfo.hasNextPage ? data.apiTokens.pageInfo.endCursor : null;
    if (after === null) break;
  }
  return { tokens, hasMore: after !== null, error: undefined };
}
