import type { ComponentProps } from 'react';
import { Icon, type IconName } from './icon.tsx';
import styles from './button.module.css';

interface ButtonProps extends ComponentProps<'button'> {
  readonly icon?: IconName;
  /** What it does is `danger`ous, is what the page is for (`primary`), or neither. @default 'plain' */
  readonly tone?: 'plain' | 'primary' | 'danger' | 'quiet';
  /** Its work is under way: it can't be pressed again meanwhile. */
  readonly isBusy?: boolean;
}

/** A button with words, and an icon before them. */
export function Button(props: ButtonProps) {
  const { icon, tone = 'plain', isBusy = false, children, className = '', disabled, ...rest } = props;
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled === true || isBusy}
      aria-busy={isBusy}
      className={`${styles['button']} ${styles[tone] ?? ''} ${className}`}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that is an icon; `label` is what a screen reader says, and what a pointer sees. */
export function IconButton({
  label,
  icon,
  className = '',
  ...rest
}: ComponentProps<'button'> & { readonly label: string; readonly icon: IconName }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={`${styles['icon']} ${className}`}
    >
      <Icon name={icon} />
    </button>
  );
}
