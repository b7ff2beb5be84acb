import { type ComponentProps, type ReactNode, useId } from 'react';
import styles from './field.module.css';

interface FieldProps {
  readonly label: string;
  /** What it is for, below it. */
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly isRequired?: boolean;
  /** The control; it gets the id by which label, hint and error belong to it. */
  readonly children: (control: {
    readonly id: string;
    readonly 'aria-describedby': string | undefined;
    readonly 'aria-invalid': boolean;
  }) => ReactNode;
}

/** A control with its label, a hint and what is wrong with what it holds. */
export function Field({ label, hint, error, isRequired = false, children }: FieldProps) {
  const id = useId();
  const described = error !== undefined || hint !== undefined;
  return (
    <div className={styles['field']}>
      <label htmlFor={id}>
        {label}
        {isRequired && (
          <span className={styles['required']} title="Required">
            {' '}
            *
          </span>
        )}
      </label>
      {children({
        id,
        'aria-describedby': described ? `${id}-about` : undefined,
        'aria-invalid': error !== undefined,
      })}
      {described && (
        <div id={`${id}-about`} className={error === undefined ? styles['hint'] : styles['error']}>
          {error ?? hint}
        </div>
      )}
    </div>
  );
}

export function Input({ className = '', ...props }: ComponentProps<'input'>) {
  return <input {...props} className={`${styles['control']} ${className}`} />;
}

export function TextArea({ className = '', ...props }: ComponentProps<'textarea'>) {
  return <textarea rows={4} {...props} className={`${styles['control']} ${styles['area']} ${className}`} />;
}

export function Select({ className = '', ...props }: ComponentProps<'select'>) {
  return <select {...props} className={`${styles['control']} ${styles['select']} ${className}`} />;
}

/** A box to tick, with its words beside it. */
export function Checkbox({ label, ...props }: ComponentProps<'input'> & { readonly label: ReactNode }) {
  return (
    <label className={styles['checkbox']}>
      <input type="checkbox" {...props} />
      <span>{label}</span>
    </label>
  );
}
