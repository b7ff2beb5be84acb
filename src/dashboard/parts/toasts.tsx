import { useSyncExternalStore } from 'react';
import { Link } from 'wouter';
import { IconButton } from './button.tsx';
import { Icon } from './icon.tsx';
import styles from './toasts.module.css';

interface Toast {
  readonly id: number;
  readonly tone: 'good' | 'bad';
  readonly text: string;
  /** Where what came of it is. */
  readonly link?: { readonly href: string; readonly label: string } | undefined;
}

let toasts: readonly Toast[] = [];
let count = 0;
const listeners = new Set<() => void>();

/** Tells in a corner what has come of something: for six seconds, what went wrong until it is closed. */
export function toast(text: string, tone: Toast['tone'] = 'good', link?: Toast['link']): void {
  const id = ++count;
  become([...toasts.slice(-3), { id, tone, text, link }]);
  if (tone === 'good') setTimeout(() => dismiss(id), 6000);
}

/** Where toasts appear: once in the page. */
export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className={styles['toasts']} role="status" aria-live="polite">
      {shown.map(({ id, tone, text, link }) => (
        <div key={id} className={styles['toast']} data-tone={tone}>
          <Icon name={tone === 'good' ? 'check' : 'warning'} />
          <span>
            {text}
            {link !== undefined && (
              <>
                {' '}
                <Link href={link.href} onClick={() => dismiss(id)}>
                  {link.label}
                </Link>
              </>
            )}
          </span>
          <IconButton icon="close" label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}

function dismiss(id: number): void {
  become(toasts.filter((toast) => toast.id !== id));
}

function become(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
