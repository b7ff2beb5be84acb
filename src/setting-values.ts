import { parseRedisUrl } from './redis/address.ts';

// Each throws an `Error` whose message completes the sentence "expected …".

/** A whole number within bounds. */
export function wholeNumber(text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text.trim()) && value >= least && value <= most) return value;
  throw new Error(`a whole number from ${least} to ${most}`);
}

/** The same, or nothing where it is switched off. */
export function wholeNumberOrOff(text: string, least: number, most: number): number | false {
  if (text.trim() === 'off') return false;
  try {
    return wholeNumber(text, least, most);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}, or off`, { cause: error });
  }
}

/** A text of a pattern. */
export function matching(text: string, pattern: RegExp, expected: string): string {
  if (pattern.test(text)) return text;
  throw new Error(expected);
}

/** Items between commas, each once. */
export function list(text: string, parse: (item: string) => string): readonly string[] {
  const items = text.split(',').map((item) => parse(item.trim()));
  return [...new Set(items)];
}

/** One of some words. */
export function oneOf<const Options extends readonly string[]>(
  text: string,
  options: Options,
): Options[number] {
  const found = options.find((option) => option === text);
  if (found !== undefined) return found;
  throw new Error(`one of ${options.join(', ')}`);
}

/** A switch. */
export function onOrOff(text: string): boolean {
  if (['on', 'true', '1', 'yes'].includes(text)) return true;
  if (['off', 'false', '0', 'no'].includes(text)) return false;
  throw new Error('on or off');
}

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A time in words, in ms. */
export function duration(text: string): number {
  const found = /^(?<amount>\d{1,6})(?<unit>ms|s|m|h|d)$/.exec(text);
  const unit = found?.groups?.['unit'];
  if (unit === undefined) throw new Error("a time such as '500ms', '30s' or '5m'");
  // The pattern lets only these through.
  return Number(found?.groups?.['amount']) * unitsMs[unit as keyof typeof unitsMs];
}

/** A shorter lease would run out between two of its renewals. */
export function atLeast(leastMs: number, timeMs: number): number {
  if (timeMs >= leastMs) return timeMs;
  throw new Error(`a time of at least ${leastMs}ms, such as '15s'`);
}

/** The address of a store. */
export function redisUrl(text: string): string {
  parseRedisUrl(text);
  return text;
}

/** The address of an API. */
export function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return text;
  throw new Error("an address such as 'http://127.0.0.1:4000/graphql'");
}

/** The origin of web pages, or `loopback`. */
export function origin(text: string): string {
  if (text === 'loopback') return text;
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new Error("origins such as 'https://app.example.com', or loopback, separated by commas");
}

/** A bad address may still hold a password, so whatever stands before an @ or is called a password isn't shown. */
export function withoutPassword(text: string): string {
  return text.replace(/[^/@\s]*:[^@\s]*@/g, '***@').replace(/(password=)[^&\s]*/gi, '$1***');
}
