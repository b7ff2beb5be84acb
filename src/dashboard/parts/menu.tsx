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
    if (root.current !== null) place(root.current);
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
const navigation = 60;

/** What lies between a list and its button, and the end of the screen, in px. */
const gap = 12;

/** Opens the list upwards where there is too little room below and more above, as in a bar at the bottom; it scrolls where neither is enough. */
function place(root: HTMLElement): void {
  const list = root.querySelector<HTMLElement>('[role="menu"]');
  if (list === null) return;
  const { top, bottom } = root.getBoundingClientRect();
  const [above, below] = [top, document.documentElement.clientHeight - navigation - bottom];
  const isUp = list.offsetHeight > below - gap && above > below;
  list.toggleAttribute('data-up', isUp);
  list.style.maxHeight = `${(isUp ? above : below) - gap}px`;
}

function entries(root: HTMLElement | null): HTMLElement[] {
  return [...(root?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];
}
