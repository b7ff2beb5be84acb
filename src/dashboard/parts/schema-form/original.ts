/**
 * What each item of an edited list was originally: the one that looks the same, of twins the one at its place; else the one
 * at its place if the list is as long as it was, as the API has it. So nothing gets another's secret because an item before
 * it has gone, or looks for a moment as that other one does.
 */
export function originalItems(
  items: readonly unknown[],
  original: unknown,
  look: (item: unknown) => unknown,
): readonly unknown[] {
  if (original === undefined || original === null) return [];
  const originals: readonly unknown[] = Array.isArray(original) ? original : [original];
  const places = originalPlaces(items.map(lookOf), originals.map(lookOf));
  return places.map((place) => (place === undefined ? undefined : originals[place]));

  function lookOf(item: unknown): string {
    return JSON.stringify(look(item)) ?? '';
  }
}

function originalPlaces(
  looks: readonly string[],
  originals: readonly string[],
): readonly (number | undefined)[] {
  const isInPlace = (index: number): boolean => looks[index] === originals[index];
  const free = Map.groupBy(
    originals.map((_, place) => place).filter((place) => !isInPlace(place)),
    (place) => originals[place] ?? '',
  );
  const same = looks.map((look, index) => (isInPlace(index) ? index : free.get(look)?.shift()));
  if (looks.length !== originals.length) return same;
  const taken = new Set(same);
  return same.map((place, index) => place ?? (taken.has(index) ? undefined : index));
}
