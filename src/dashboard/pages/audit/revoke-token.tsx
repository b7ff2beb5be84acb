import { useMutation } from 'urql';
import { Ask, type Done } from '../../parts/ask.tsx';
import { toast } from '../../parts/toasts.tsx';
import { type ApiToken, revokeApiToken } from './documents.ts';
import { calledOf } from './token-table.tsx';

/** Asks before a token is taken away. */
export function RevokeToken({
  token,
  onRevoked,
  onClose,
}: {
  readonly token: ApiToken;
  readonly onRevoked: () => void;
  readonly onClose: () => void;
}) {
  const [, revoke] = useMutation(revokeApiToken);
  const act = async (): Done => {
    const { data, error } = await revoke({ id: token.id });
    if (error !== undefined || data === undefined) return { error };
    if (data.revokeApiToken.accepted) toast(`Revoked: ${calledOf(token)}.`);
    else toast('It had been revoked already.', 'bad');
    onRevoked();
    return { error };
  };
  return (
    <Ask title={`Revoke ${calledOf(token)}?`} verb="Revoke" isDanger onDo={act} onClose={onClose}>
      <p>
        Whatever it has signed in as <strong>{token.owner}</strong> ends within 5 seconds, and nothing signs
        in by it again. It can&apos;t be undone.
      </p>
    </Ask>
  );
}
