import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { formatCount } from '../../parts/format.ts';
import { Empty, Loading } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { CreateToken } from './create-token.tsx';
import type { ApiToken } from './documents.ts';
import { NewToken, type NewApiToken } from './new-token.tsx';
import { RevokeToken } from './revoke-token.tsx';
import { TokenTable } from './token-table.tsx';
import { useApiTokens } from './use-api-tokens.ts';
import styles from './audit.module.css';

/** The tokens by which clients sign in: made here, shown once, and taken away. */
export function ApiTokens() {
  const { tokens, hasMore, error, more, refresh } = useApiTokens();
  const [isCreating, setCreating] = useState(false);
  const [made, setMade] = useState<NewApiToken>();
  const [leaving, setLeaving] = useState<ApiToken>();
  return (
    <>
      {error !== undefined && (
        <div className={styles['problem']}>
          <Problem error={error} />
        </div>
      )}
      {tokens !== undefined && (
        <div className={styles['tools']}>
          <span className="soft">
            {formatCount(tokens.length)}
            {hasMore ? ' or more' : ''} {tokens.length === 1 ? 'token' : 'tokens'}
          </span>
          <Button tone="primary" icon="enqueue" onClick={() => setCreating(true)}>
            New token
          </Button>
        </div>
      )}
      {made !== undefined && <NewToken made={made} onDone={() => setMade(undefined)} />}
      {tokens !== undefined ? (
        tokens.length > 0 ? (
          <TokenTable tokens={tokens} onRevoke={setLeaving} />
        ) : (
          <Empty title="There are no API tokens.">A client signs in by one of its own.</Empty>
        )
      ) : (
        error === undefined && <Loading label="Loading the tokens" lines={4} />
      )}
      {hasMore && (
        <div className={styles['older']}>
          <Button icon="down" onClick={more}>
            More
          </Button>
        </div>
      )}
      {isCreating && (
        <CreateToken
          onMade={(token) => {
            setMade(token);
            refresh();
          }}
          onClose={() => setCreating(false)}
        />
      )}
      {leaving !== undefined && (
        <RevokeToken
          token={leaving}
          onRevoked={() => {
            if (made?.apiToken.id === leaving.id) setMade(undefined);
            refresh();
          }}
          onClose={() => setLeaving(undefined)}
        />
      )}
    </>
  );
}
