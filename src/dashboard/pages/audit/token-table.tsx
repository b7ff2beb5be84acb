import { Button } from '../../parts/button.tsx';
import table from '../../parts/table.module.css';
import { TimeAgo } from '../../parts/time.tsx';
import type { ApiToken } from './documents.ts';
import styles from './audit.module.css';

/** Tokens, a row each: what is known of them, never what is secret. */
export function TokenTable({
  tokens,
  onRevoke,
}: {
  readonly tokens: readonly ApiToken[];
  readonly onRevoke: (token: ApiToken) => void;
}) {
  return (
    <div className={table['scroll']}>
      <table className={table['table']}>
        <thead>
          <tr>
            {['Name', 'Owner', 'Scopes', 'Created', 'Last used', 'Expires'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            <th scope="col">
              <span className="unseen">What can be done</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id}>
              <td>
                <div className={styles['name']}>
                  {token.name === '' ? <span className="faint">no name</span> : token.name}
                </div>
                <code className="faint">{token.id}</code>
              </td>
              <td data-label="Owner">{token.owner}</td>
              <td data-label="Scopes">
                <span className={styles['scopes']}>
                  {token.scopes.map((scope) => (
                    <code key={scope} className={styles['scope']}>
                      {scope}
                    </code>
                  ))}
                </span>
              </td>
              <td data-label="Created">
                <TimeAgo at={token.createdAt} />
              </td>
              <td data-label="Last used">
                {token.lastUsedAt === null ? (
                  <span className="faint">never</span>
                ) : (
                  <TimeAgo at={token.lastUsedAt} />
                )}
              </td>
              <td data-label="Expires">
                {token.expiresAt === null ? (
                  <span className="faint">when it is revoked</span>
                ) : (
                  <TimeAgo at={token.expiresAt} />
                )}
              </td>
              <td className={table['end']}>
                <Button
                  tone="danger"
                  aria-label={`Revoke ${calledOf(token)}`}
                  onClick={() => onRevoke(token)}
                >
                  Revoke
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How one speaks of a token: by its name, or whose it is. */
export function calledOf({ name, owner }: ApiToken): string {
  return name === '' ? `a token of ${owner}` : name;
}
