import { Button } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Field, Input } from '../../parts/field.tsx';
import type { ApiToken } from './documents.ts';
import { calledOf } from './token-table.tsx';
import styles from './audit.module.css';

/** A token that was made now, with what is secret of it. */
export interface NewApiToken {
  readonly token: string;
  readonly apiToken: ApiToken;
}

/** Shows a new token the only time it can be seen. On the page, as a dialog would be closed by a click beside it. */
export function NewToken({ made, onDone }: { readonly made: NewApiToken; readonly onDone: () => void }) {
  return (
    <section className={styles['made']} aria-label="The new token">
      <Field
        label={`Token: ${calledOf(made.apiToken)}`}
        hint="Copy it now: nobody can see it again. It is sent as authorization: Bearer …"
      >
        {(control) => (
          <Input
            {...control}
            className="mono"
            readOnly
            autoFocus
            value={made.token}
            onFocus={({ target }) => target.select()}
          />
        )}
      </Field>
      <div className={styles['madeActions']}>
        <CopyButton text={made.token} label="Copy the token">
          Copy
        </CopyButton>
        <Button onClick={onDone}>I have it</Button>
      </div>
    </section>
  );
}
