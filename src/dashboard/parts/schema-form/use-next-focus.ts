import { useEffect, useRef } from 'react';

const field = 'input, select, textarea';
const button = 'button:not(:disabled)';

/** Moves the focus once what is pressed has taken effect, into what is found then: what had it may be gone with that. */
export function useNextFocus(): (find: () => Element | null | undefined) => void {
  const next = useRef<() => Element | null | undefined>(undefined);
  useEffect(() => {
    const found = next.current?.();
    next.current = undefined;
    if (found instanceof HTMLElement && found.matches(button)) found.focus();
    else (found?.querySelector<HTMLElement>(field) ?? found?.querySelector<HTMLElement>(button))?.focus();
  });
  return (find) => {
    next.current = find;
  };
}
