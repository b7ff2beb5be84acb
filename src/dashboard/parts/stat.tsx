import type { ReactNode } from 'react';
import { Link } from 'wouter';
import styles from './stat.module.css';

/** One figure that a page is about, large, with what it counts. With `href` it leads to what it counts. */
export function Stat({
  label,
  value,
  detail,
  tone,
  href,
}: {
  readonly label: string;
  readonly value: ReactNode;
  readonly detail?: ReactNode;
  /** A token of `style/tokens.css` for the figure. */
  readonly tone?: string;
  readonly href?: string;
}) {
  const content = (
    <>
      <span className={styles['label']}>{label}</span>
      <span className={styles['value']} style={tone === undefined ? undefined : { color: `var(${tone})` }}>
        {value}
      </span>
      {detail !== undefined && <span className={styles['detail']}>{detail}</span>}
    </>
  );
  if (href === undefined) return <div className={styles['stat']}>{content}</div>;
  return (
    <Link href={href} className={styles['stat']}>
      {content}
    </Link>
  );
}

/** Figures in a row, as many as fit. */
export function Stats({ children }: { readonly children: ReactNode }) {
  return <div className={styles['stats']}>{children}</div>;
}
