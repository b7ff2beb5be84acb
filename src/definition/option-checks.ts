import { show } from './show.ts';

type Report = (problem: string) => void;

/** The value where it is an object; reports anything else but undefined. */
export function ifObject<Value extends object>(
  value: Value | undefined,
  name: string,
  report: Report,
): Value | undefined {
  // Task files may be JavaScript: `typeof` says what came, whatever the type says.
  if (value === undefined || (typeof value === 'object' && value !== null)) return value;
  report(`${name} must be an object, not ${show(value)}`);
  return undefined;
}

/** Reports each member that isn't an option, as a misspelt one would be missed without a word. */
export function reportUnknown(name: string, value: object, known: readonly string[], report: Report): void {
  for (const member of Object.keys(value)) {
    if (!known.includes(member)) report(`${name}.${member} is not an option; known are ${known.join(', ')}`);
  }
}
