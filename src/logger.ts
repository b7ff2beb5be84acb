import pino from 'pino';
import pretty from 'pino-pretty';

/** Structured logs: `logger.info({ id, queue }, 'task started')`. */
export type Logger = pino.Logger;

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * Makes the process' logger: lines for people on a terminal, JSON elsewhere, always on stderr. Tokens and passwords are
 * taken out, wherever they stand in a line.
 */
export function createLogger(options: { level?: LogLevel; name?: string; json?: boolean } = {}): Logger {
  const { level = 'info', name, json = !process.stderr.isTTY } = options;
  const stream = json
    ? pino.destination({ fd: 2, sync: true })
    : pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
  return pino({ ...loggerOptions, level, ...(name === undefined ? {} : { name }) }, stream);
}

/** What each of our loggers is made with. */
export const loggerOptions = {
  hooks: { streamWrite: redact },
  serializers: { err: errorOf },
} as const satisfies pino.LoggerOptions;

/** An error without the arguments of a command to Redis that failed: they may be an input, or a password. */
function errorOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { command, ...shown } = pino.stdSerializers.err(error);
  const name: unknown =
    typeof command === 'object' && command !== null ? (command as { name?: unknown }).name : undefined;
  return { ...shown, ...(name === undefined ? {} : { command: name }) };
}

/** A line of a log without tokens and passwords. */
export function redact(line: string): string {
  let clean = line;
  for (const [pattern, replacement] of rules) clean = clean.replace(pattern, replacement);
  return clean;
}

/** What may stand in no log, whoever wrote it there, and what stands there in its place. */
const rules: readonly (readonly [RegExp, string])[] = [
  // Tokens that this server makes, and JSON Web Tokens.
  [/\b(tw[kw]_)[\w-]{4,}(?:\.[\w-]+)*/g, '$1***'],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, 'eyJ***'],
  // A header's value; a word after them, as in 'Bearer authentication', has no digit.
  [/\b(Bearer|Basic) +(?=[^\s"'\\]*\d)[^\s"'\\]{8,}/gi, '$1 ***'],
  // In the query of a URL, and before its host.
  [/([?&][\w-]*(?:token|password|secret)=)[^&\s"'\\]+/gi, '$1***'],
  [/(\w:\/\/[^\s:@/?#"'\\]*:)[^\s@/"'\\]+@/g, '$1***@'],
  // Members of objects by their names.
  [
    /("[\w-]*(?:password|passwd|secret|token|authorization|cookie|api_?-?key)\\?":)\s*"(?:[^"\\]|\\.)*"/gi,
    '$1"***"',
  ],
];
