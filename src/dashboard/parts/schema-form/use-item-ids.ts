import { useState } from 'react';

/** A key for each item of a list, which stays with the item wherever it is moved. */
export function useItemIds(
  length: number,
): readonly [ids: readonly number[], setIds: (ids: readonly number[]) => void] {
  const [known, setIds] = useState<readonly number[]>([]);
  const next = Math.max(-1, ...known) + 1;
  const fresh = Array.from({ length: Math.max(0, length - known.length) }, (_, index) => next + index);
  return [[...known.slice(0, length), ...fresh], setIds];
}

/** A list with one item at another place. */
export function moved<Item>(items: readonly Item[], from: number, to: number): readonly Item[] {
  const others = [...items];
  others.splice(to, 0, ...others.splice(from, 1));
  return others;
}
