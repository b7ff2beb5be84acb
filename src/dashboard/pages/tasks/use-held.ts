import { useEffect, useState } from 'react';

/** For so long after it has moved a pointer is about to press something. */
const rest = 3000;

/** Whether a mouse moves over an element: rows that one is about to press don't run away. */
export function useHeld(target: { readonly current: HTMLElement | null }): boolean {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    const element = target.current;
    if (element === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const release = (): void => {
      clearTimeout(timer);
      setHeld(false);
    };
    const hold = (event: PointerEvent): void => {
      if (event.pointerType !== 'mouse') return;
      clearTimeout(timer);
      timer = setTimeout(release, rest);
      setHeld(true);
    };
    element.addEventListener('pointermove', hold, { passive: true });
    element.addEventListener('pointerleave', release);
    return () => {
      clearTimeout(timer);
      element.removeEventListener('pointermove', hold);
      element.removeEventListener('pointerleave', release);
    };
  }, [target]);
  return isHeld;
}
