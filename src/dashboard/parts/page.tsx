import { type ReactNode, useEffect, useRef } from 'react';
import styles from './page.module.css';

/** A page has been shown before. */
let isAnother = false;

/** A page: its heading, which is also the window's title, what can be done there, and what it shows. */
export function Page({
  title,
  lead,
  actions,
  isFull = false,
  children,
}: {
  readonly title: string;
  /** A line below the heading. */
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  /** It is as high as the window, and something in it scrolls. */
  readonly isFull?: boolean;
  readonly children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Taskwire`;
  }, [title]);
  useEffect(() => {
    // So that a screen reader says that there is another page; the first one it reads by itself.
    if (isAnother) heading.current?.focus({ preventScroll: true });
    isAnother = true;
  }, []);
  return (
    <div className={styles['page']} data-full={isFull}>
      <header className={styles['header']}>
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead !== undefined && <div className={styles['lead']}>{lead}</div>}
        </div>
        {actions !== undefined && <div className={styles['actions']}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A framed part of a page under a heading of its own. */
export function Panel({
  title,
  aside,
  children,
  className = '',
}: {
  readonly title?: ReactNode;
  /** At the other end of the heading's line. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}) {
  return (
    <section className={`${styles['panel']} ${className}`}>
      {title !== undefined && (
        <header className={styles['panelHeader']}>
          <h2>{title}</h2>
          {aside}
        </header>
      )}
      {children}
    </section>
  );
}

/** What stands where nothing is: why, and what to do. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className={styles['empty']}>
      <p>
        <strong>{title}</strong>
      </p>
      {children !== undefined && <div className="soft">{children}</div>}
    </div>
  );
}

/** Lines that stand for what is about to come. */
export function Loading({
  label = 'Loading',
  lines = 3,
}: {
  readonly label?: string;
  readonly lines?: number;
}) {
  return (
    <div className={styles['loading']} role="status">
      <span className="unseen">{label}</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} className={styles['bone']} />
      ))}
    </div>
  );
}
