import { useEffect, useEffectEvent } from 'react';
import { useLocation } from 'wouter';
import type { Section } from '../routes.tsx';

/** The keys that work everywhere: `g` and a letter opens one of the pages, `/` goes to the page's search. */
export function useShortcuts(offered: readonly Section[]): void {
  const [, navigate] = useLocation();
  const sectionOf = useEffectEvent((letter: string) => offered.find(({ key }) => key === letter));
  useEffect(() => {
    let isGoing = false;
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open]') !== null) return;
      const section = isGoing ? sectionOf(event.key) : undefined;
      isGoing = event.key === 'g';
      if (section !== undefined) navigate(section.path);
      if (event.key !== '/') return;
      event.preventDefault();
      document.querySelector<HTMLInputElement>('input[type="search"]')?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, select, textarea, [contenteditable]');
}
