import { createContext, type ReactNode, useRef } from 'react';
import { secretText } from '../../client/secret-text.ts';
import { Button } from '../button.tsx';
import { Input } from '../field.tsx';
import type { ControlProps } from './control.ts';
import { Frame } from './frame.tsx';
import { useNextFocus } from './use-next-focus.ts';
import { initialValue } from './value.ts';
import type { Schema } from './shape.ts';
import styles from './schema-form.module.css';

/** Whose value a secret keeps that is left as it is, in words: `of the original`. Undefined where there is none to keep. */
export const KeptFrom = createContext<string | undefined>(undefined);

/** A secret of which the page knows only that it is there: it is kept, until one gives another by its control. */
export function KeptSecret({
  schema,
  from,
  children,
  ...props
}: ControlProps & {
  readonly schema: Schema;
  readonly from: string;
  /** Its control. */
  readonly children: ReactNode;
}) {
  const { name, value, onChange, root, shape, original } = props;
  const isThere = original !== undefined && original !== null;
  const isKept = value === secretText;
  const place = useRef<HTMLDivElement>(null);
  const focusNext = useNextFocus();
  const set = (value: unknown): void => {
    focusNext(() => place.current);
    onChange(value);
  };
  return (
    <div ref={place} className={styles['kept']}>
      {isKept ? (
        <Frame
          {...props}
          shape={{ ...shape, default: undefined }}
          hint={
            isThere
              ? `Left as it is, it keeps the value ${from}.`
              : 'There is none that it could keep: change it.'
          }
        >
          {(described) => (
            <div className={styles['line']}>
              <Input {...described} readOnly value="••••••••" aria-label={`${name}, kept`} />
              <Button
                icon="edit"
                aria-label={`Change ${name}`}
                onClick={() => set(initialValue({ ...schema, default: undefined }, root))}
              >
                Change
              </Button>
            </div>
          )}
        </Frame>
      ) : (
        <>
          {children}
          {isThere && (
            <Button
              tone="quiet"
              icon="replay"
              className={styles['add'] ?? ''}
              onClick={() => set(secretText)}
            >
              Keep the {name} {from}
            </Button>
          )}
        </>
      )}
    </div>
  );
}
