import pino from 'pino';
import pretty from 'pino-pretty';

/** Structured logs: `logger.info({ id, queue }, 'task started')`. */
export type Logger = pino.Logger;

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Makes the process' logger: lines for people on a terminal, JSON elsewhere, always on stderr. */
export function createLogger(options: { level?: LogLevel; name?: string; json?: boolean } = {}): Logger {
  const { level = 'info', name, json = !process.stderr.isTTY } = options;
  const stream = json
    ? pino.destination({ fd: 2, sync: true })
    : pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
  return pino({ level, ...(name === undefined ? {} : { name }) }, stream);
}
