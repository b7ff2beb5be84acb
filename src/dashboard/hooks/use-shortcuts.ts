import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { sections } from '../routes.tsx';

/** The keys that work everywhere: `g` and a letter opens a page, `/` goes to the page's search. */
export function useShortcuts(): void {
  const [, navigate] = useLocation();
  useEffect(() => {
    let isGoing = false;
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open]') !== null) return;
      const section = isGoing ? sections.find(({ key }) => key === event.key) : undefined;
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
