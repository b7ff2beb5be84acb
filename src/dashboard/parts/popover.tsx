import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { Icon } from './icon.tsx';
import styles from './popover.module.css';

/** A button below which choices open. Escape or a press beside them closes them. */
export function Popover({
  label,
  count = 0,
  children,
}: {
  readonly label: string;
  /** How much of it is chosen. */
  readonly count?: number;
  /** Made while it is open; gets what closes it. */
  readonly children: (close: () => void) => ReactNode;
}) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const element = panel.current;
    if (element === null) return;
    const onToggle = (event: Event): void => {
      const opens = event instanceof ToggleEvent && event.newState === 'open';
      setOpen(opens);
      if (!opens || button.current === null) return;
      const { left, bottom } = button.current.getBoundingClientRect();
      element.style.left = `${Math.max(8, Math.min(left, window.innerWidth - element.offsetWidth - 8))}px`;
      element.style.top = `${bottom + 4}px`;
      element.style.maxHeight = `${window.innerHeight - bottom - 16}px`;
    };
    element.addEventListener('toggle', onToggle);
    return () => element.removeEventListener('toggle', onToggle);
  }, []);
  return (
    <>
      <button
        ref={button}
        type="button"
        className={styles['button']}
        data-chosen={count > 0}
        popoverTarget={id}
        aria-expanded={isOpen}
        aria-haspopup="dialog"
      >
        {label}
        {count > 0 && <span className={styles['count']}>{count}</span>}
        <Icon name="down" size={14} />
      </button>
      <div ref={panel} id={id} popover="auto" role="dialog" aria-label={label} className={styles['panel']}>
        {isOpen && children(() => document.querySelector<HTMLElement>(`#${CSS.escape(id)}`)?.hidePopover())}
      </div>
    </>
  );
}
