import { secretText } from './secrets.ts';

/** Shorter ones would be found in words that have nothing to do with them. */
const shortestFound = 4;

/**
 * JSON in whose texts each of some secret values has become `"[secret]"`: itself, and as JSON, a URL and base64 have it.
 * For what others say, such as an error of a library that repeats what it was given; values below four characters stay.
 */
export function scrub<Value>(value: Value, secrets: readonly string[]): Value {
  const forms = formsOf(secrets);
  // What is told of an object is of the same kind, with other texts.
  return forms.length === 0 ? value : (scrubbed(value, forms) as Value);
}

/** An error for the log: itself where there are no secrets, else what can be said of it. */
export function scrubError(error: unknown, secrets: readonly string[]): unknown {
  if (secrets.length === 0 || !(error instanceof Error)) return scrub(error, secrets);
  const { name: type, message, stack } = error;
  return scrub({ type, message, stack }, secrets);
}

function formsOf(secrets: readonly string[]): string[] {
  const forms = secrets
    .filter(({ length }) => length >= shortestFound)
    .flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret.toWellFormed()),
      Buffer.from(secret).toString('base64'),
    ]);
  // The longest first, as one may be part of another.
  return [...new Set(forms)].toSorted((a, b) => b.length - a.length);
}

function scrubbed(value: unknown, forms: readonly string[], within: readonly unknown[] = []): unknown {
  if (typeof value === 'string')
    return forms.reduce((text, form) => text.replaceAll(form, secretText), value);
  if (typeof value === 'number') return forms.includes(String(value)) ? secretText : value;
  if (typeof value !== 'object' || value === null) return value;
  if (within.includes(value)) return '[circular]';
  const inside = [...within, value];
  if (Array.isArray(value)) return value.map((item) => scrubbed(item, forms, inside));
  // A Date and the like are told as what they are as JSON.
  if ('toJSON' in value || value instanceof Map || value instanceof Set) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      String(scrubbed(name, forms)),
      scrubbed(member, forms, inside),
    ]),
  );
}
