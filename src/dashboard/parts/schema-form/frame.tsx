import { type ReactNode, type Ref, useId } from 'react';
import { IconButton } from '../button.tsx';
import { Prose } from '../prose.tsx';
import { type ControlProps, messageOf } from './control.ts';
import type { Issue } from './issue.ts';
import styles from './schema-form.module.css';

/** What a control says of itself to those who can't see it. */
export interface Described {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean;
  readonly 'aria-required': boolean;
}

type About = Pick<ControlProps, 'name' | 'shape' | 'value' | 'onChange' | 'isRequired' | 'issues'>;

/** A control with its name, its type, what it is for and what is wrong with it. */
export function Frame({
  hint,
  children,
  ...about
}: About & {
  /** Beside the description: how to write it. */
  readonly hint?: string | undefined;
  readonly children: (described: Described) => ReactNode;
}) {
  const id = useId();
  const { name, shape, isRequired, issues } = about;
  const message = messageOf(issues);
  const words = [shape.description, hint].filter((text) => text !== undefined);
  const isDescribed = message !== undefined || words.length > 0;
  return (
    <div className={styles['frame']}>
      <div className={styles['head']}>
        <label htmlFor={id}>{name}</label>
        <Marks {...about} />
      </div>
      {children({
        id,
        'aria-describedby': isDescribed ? `${id}-about` : undefined,
        'aria-invalid': message !== undefined,
        'aria-required': isRequired,
      })}
      {isDescribed && (
        <div id={`${id}-about`} className={styles['about']}>
          {message !== undefined && <p className={styles['error']}>{message}</p>}
          {words.length > 0 && (
            <p className={styles['hint']}>
              <Prose text={words.join(' ')} />
            </p>
          )}
        </div>
      )}
    </div>
  );
}

/** Controls that belong together, under the name of what they make up. */
export function Group({
  ref,
  issues,
  aside,
  children,
  ...about
}: Omit<About, 'issues'> & {
  /** What is wrong with it as a whole. */
  readonly issues: readonly Issue[];
  readonly ref?: Ref<HTMLDivElement>;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}) {
  const id = useId();
  const { name, shape } = about;
  const message = messageOf(issues);
  return (
    <div
      ref={ref}
      role="group"
      className={styles['group']}
      aria-labelledby={`${id}-name`}
      aria-describedby={`${id}-about`}
    >
      <div className={styles['head']}>
        <span id={`${id}-name`} className={styles['name']}>
          {name}
        </span>
        <Marks {...about} issues={issues} />
        {aside}
      </div>
      <div id={`${id}-about`} className={styles['about']}>
        {message !== undefined && (
          <p className={styles['error']} tabIndex={-1} data-wrong>
            {message}
          </p>
        )}
        {shape.description !== undefined && (
          <p className={styles['hint']}>
            <Prose text={shape.description} />
          </p>
        )}
      </div>
      {children}
    </div>
  );
}

function Marks({ name, shape, value, onChange, isRequired }: About) {
  const isSet = value !== undefined;
  const hasDefault = shape.default !== undefined;
  return (
    <>
      {isRequired && (
        <span className={styles['required']} title="Required">
          required
        </span>
      )}
      <span className={styles['type']}>{shape.title ?? (shape.kind === 'list' ? 'list' : '')}</span>
      {hasDefault && !isSet && <span className={styles['default']}>default</span>}
      {hasDefault && isSet && (
        <span className={styles['tool']}>
          <IconButton
            icon="replay"
            label={`Reset ${name} to its default`}
            onClick={() => onChange(undefined)}
          />
        </span>
      )}
    </>
  );
}
