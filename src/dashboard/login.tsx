import { type FormEvent, useState } from 'react';
import { setToken } from './client/token.ts';
import { Button } from './parts/button.tsx';
import { Checkbox, Field, Input } from './parts/field.tsx';
import { Logo } from './parts/logo.tsx';
import styles from './login.module.css';

/** Asks for a token, where the API lets nobody in without one. */
export function Login({
  wasRefused,
  reason,
  onSignIn,
}: {
  /** The API has refused the last one. */
  readonly wasRefused: boolean;
  /** Why a session ended that had begun. */
  readonly reason: string | undefined;
  /** A new session begins: what was said of the one before is past. */
  readonly onSignIn: () => void;
}) {
  const [token, setText] = useState('');
  const [isKept, setKept] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (token.trim() === '') return;
    onSignIn();
    setToken(token.trim(), isKept);
  };
  const error = wasRefused ? 'The API does not know this token, or it has expired.' : undefined;
  return (
    <main className={styles['login']}>
      <form className={styles['card']} onSubmit={submit}>
        <Logo />
        <h1>Sign in</h1>
        {reason !== undefined && <p className="soft">Your session has ended: {reason}.</p>}
        <Field
          label="Token"
          hint={
            <>
              An API token, as <code>taskwire token create</code> makes them, or a JSON Web Token.
            </>
          }
          error={error}
          isRequired
        >
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="current-password"
              autoFocus
              required
              value={token}
              onChange={({ target }) => setText(target.value)}
            />
          )}
        </Field>
        <Checkbox
          label="Keep me signed in on this browser"
          checked={isKept}
          onChange={({ target }) => setKept(target.checked)}
        />
        <Button type="submit" tone="primary">
          Sign in
        </Button>
      </form>
    </main>
  );
}
