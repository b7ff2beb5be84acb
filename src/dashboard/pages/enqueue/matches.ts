/** Whether every word of a search is somewhere in what is told of a definition. */
export function matches(
  {
    name,
    description,
    queue,
  }: { readonly name: string; readonly description: string | null; readonly queue: string },
  search: string,
): boolean {
  const told = `${name} ${description ?? ''} ${queue}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => told.includes(word));
}
