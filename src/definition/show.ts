/** A value for a message: itself where it is short, else what kind of thing it is. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(cut(value, 60));
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  const name = (Object.getPrototypeOf(value) as object | null)?.constructor.name;
  return name === undefined || name === 'Object' ? 'an object' : `an object (${name})`;
}

/** The start of a text that may be very long. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
