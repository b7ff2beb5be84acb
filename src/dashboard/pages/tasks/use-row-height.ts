import { useSyncExternalStore } from 'react';

const narrow = window.matchMedia('(width < 52rem)');

/** How high a row is, in pixels: two lines where the screen is narrow. */
export function useRowHeight(): number {
  return useSyncExternalStore(subscribe, () => (narrow.matches ? 64 : 38));
}

function subscribe(listener: () => void): () => void {
  narrow.addEventListener('change', listener);
  return () => narrow.removeEventListener('change', listener);
}
