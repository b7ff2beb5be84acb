import { useState } from 'react';
import { useMutation } from 'urql';
import { type Scope, useViewer } from '../../client/viewer.tsx';
import { Ask, type Done } from '../../parts/ask.tsx';
import { Checkbox, Field, Input } from '../../parts/field.tsx';
import { createApiToken } from './documents.ts';
import type { NewApiToken } from './new-token.tsx';
import styles from './audit.module.css';

/** The scopes there are, and what one may by each. */
const scopes: Readonly<Record<Scope, string>> = {
  'tasks:read': 'see its own tasks, their logs and streams',
  'tasks:write': 'enqueue, cancel and retry its own tasks',
  'queues:manage': 'see and operate queues and workers',
  'metrics:read': 'read /metrics, as Prometheus does',
  'schema:read': 'read the schema',
  admin: 'all of it, with the things of every owner',
};

/** Asks for what a new token shall be good for. */
export function CreateToken({
  onMade,
  onClose,
}: {
  readonly onMade: (made: NewApiToken) => void;
  readonly onClose: () => void;
}) {
  const { owner: self } = useViewer();
  const [name, setName] = useState('');
  const [owner, setOwner] = useState(self);
  const [chosen, setChosen] = useState<readonly Scope[]>(['tasks:read']);
  const [expiresIn, setExpiresIn] = useState('90d');
  const [, create] = useMutation(createApiToken);
  const act = async (): Done => {
    const { data, error } = await create({
      name: name.trim(),
      owner: owner.trim(),
      scopes: [...chosen],
      expiresIn: expiresIn.trim() === '' ? null : expiresIn.trim(),
    });
    if (error === undefined && data !== undefined) onMade(data.createApiToken);
    return { error };
  };
  return (
    <Ask
      title="New API token"
      verb="Make the token"
      isReady={owner.trim() !== '' && chosen.length > 0}
      onDo={act}
      onClose={onClose}
    >
      <Field label="Name" hint="What it is called in the list, as who or what will use it.">
        {(control) => (
          <Input
            {...control}
            value={name}
            maxLength={100}
            autoFocus
            autoComplete="off"
            onChange={({ target }) => setName(target.value)}
          />
        )}
      </Field>
      <Field label="Owner" isRequired hint="Whom it signs in: whose tasks it sees and makes.">
        {(control) => (
          <Input
            {...control}
            value={owner}
            autoComplete="off"
            onChange={({ target }) => setOwner(target.value)}
          />
        )}
      </Field>
      <fieldset className={styles['choices']}>
        <legend>Scopes</legend>
        {/* Its keys are the scopes. */}
        {(Object.keys(scopes) as Scope[]).map((scope) => (
          <Checkbox
            key={scope}
            checked={chosen.includes(scope)}
            onChange={({ target }) =>
              setChosen(target.checked ? [...chosen, scope] : chosen.filter((other) => other !== scope))
            }
            label={
              <>
                <code>{scope}</code> <span className="soft">{scopes[scope]}</span>
              </>
            }
          />
        ))}
      </fieldset>
      <Field label="Expires in" hint="1h, 30d or 365d, say; left empty it holds until it is revoked.">
        {(control) => (
          <Input
            {...control}
            value={expiresIn}
            autoComplete="off"
            onChange={({ target }) => setExpiresIn(target.value)}
          />
        )}
      </Field>
    </Ask>
  );
}
