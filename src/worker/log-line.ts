import { inspect } from 'node:util';

/** A message, and its fields as JSON, may have this many bytes each. */
export const linePartBytes = 8_192;

/** A line of a task's log as wire JSON. Never throws: a log takes whatever it is given, and cuts what is too long. */
export function logLine(level: string, message: unknown, fields: unknown): string {
  const line = { at: Date.now(), level: level.toUpperCase(), message: cut(textOf(message)) };
  const told = fieldsOf(fields);
  return told === undefined ? JSON.stringify(line) : `${JSON.stringify(line).slice(0, -1)},"fields":${told}}`;
}

function textOf(message: unknown): string {
  return typeof message === 'string' ? message : shown(message);
}

function cut(message: string): string {
  // No text has more than three bytes for each of its units.
  if (message.length * 3 <= linePartBytes) return message;
  const bytes = Buffer.from(message);
  if (bytes.length <= linePartBytes) return message;
  // A character that was cut in two becomes a replacement.
  const begin = bytes.toString('utf8', 0, linePartBytes).replace(/\uFFFD$/, '');
  return `${begin}… (cut, ${bytes.length} bytes)`;
}

function fieldsOf(fields: unknown): string | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined;
  const json = jsonOf(fields);
  if (json === undefined || json === '{}') return undefined;
  const bytes = Buffer.byteLength(json);
  return bytes <= linePartBytes
    ? json
    : JSON.stringify({ cut: `${bytes} bytes, more than ${linePartBytes}` });
}

function jsonOf(fields: object): string | undefined {
  try {
    return JSON.stringify(fields, readable);
  } catch {
    // Something in it isn't JSON, as where it contains itself: as text it can be shown.
    return JSON.stringify({ fields: shown(fields) });
  }
}

/** What JSON would lose. An error is told without its stack, which is for the worker's log alone. */
function readable(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Error)) return value;
  const { name, message } = value;
  return 'code' in value ? { name, message, code: value.code } : { name, message };
}

function shown(value: unknown): string {
  try {
    return inspect(value, { depth: 3 });
  } catch {
    return '(something that cannot be shown)';
  }
}
