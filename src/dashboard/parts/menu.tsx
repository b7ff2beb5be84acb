import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { Button } from './button.tsx';
import type { IconName } from './icon.tsx';
import { Icon } from './icon.tsx';
import styles from './menu.module.css';

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  readonly onSelect: () => void;
}

/** A button that opens a list of things to do. Arrows go through it; Escape and a click elsewhere close it. */
export function Menu({
  label,
  icon,
  items,
}: {
  readonly label: string;
  readonly icon: IconName;
  readonly items: readonly MenuItem[];
}) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const list = root.current?.querySelector('[role="menu"]');
    // Upwards where there is no room below, as in a bar at the bottom.
    const isCut =
      (list?.getBoundingClientRect().bottom ?? 0) > document.documentElement.clientHeight - roomBelow;
    list?.toggleAttribute('data-up', isCut);
    entries(root.current)[0]?.focus();
    const onDown = ({ target }: PointerEvent): void => {
      if (target instanceof Node && root.current?.contains(target) !== true) setOpen(false);
    };
    document.addEventListener('pointerdown', onDown);
    return () => document.removeEventListener('pointerdown', onDown);
  }, [isOpen]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = entries(root.current);
    const at = all.findIndex((entry) => entry === document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) all.at(next % all.length)?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') close();
    else return;
    if (event.key !== 'Tab') event.preventDefault();
  };
  const close = (): void => {
    setOpen(false);
    root.current?.querySelector('button')?.focus();
  };
  return (
    <div ref={root} className={styles['menu']}>
      <Button icon={icon} aria-haspopup="menu" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {label}
        <Icon name="down" size={14} />
      </Button>
      {isOpen && (
        <div role="menu" aria-label={label} tabIndex={-1} className={styles['list']} onKeyDown={onKeyDown}>
          {items.map(({ label, icon, onSelect }) => (
            <button
              key={label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                close();
                onSelect();
              }}
            >
              {icon !== undefined && <Icon name={icon} />}
              {label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** What a phone's navigation takes, in px. */
const roomBelow = 60;

function entries(root: HTMLElement | null): HTMLElement[] {
  return [...(root?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];
}
