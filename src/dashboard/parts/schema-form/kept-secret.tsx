import { createContext, type ReactNode, useEffect, useRef, useState } from 'react';
import { secretText } from '../../client/secret-text.ts';
import { Button } from '../button.tsx';
import { Input } from '../field.tsx';
import type { ControlProps } from './control.ts';
import { Frame } from './frame.tsx';
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
  const { name, value, onChange, root, shape } = props;
  const [isThere] = useState(value === secretText);
  const isKept = value === secretText;
  const place = useRef<HTMLDivElement>(null);
  const isPressed = useRef(false);
  useEffect(() => {
    if (!isPressed.current) return;
    isPressed.current = false;
    place.current?.querySelector<HTMLElement>('input, select, textarea, button')?.focus();
  }, [isKept]);
  const set = (value: unknown): void => {
    isPressed.current = true;
    onChange(value);
  };
  return (
    <div ref={place} className={styles['kept']}>
      {isKept ? (
        <Frame
          {...props}
          shape={{ ...shape, default: undefined }}
          hint={`Left as it is, it keeps the value ${from}.`}
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
