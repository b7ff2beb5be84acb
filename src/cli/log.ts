import { createLogger, type Logger, type LogLevel } from '../logger.ts';

/** The logger that a command's settings ask for. */
export function commandLogger(
  settings: { readonly logLevel: LogLevel; readonly logFormat: 'pretty' | 'json' | undefined },
  name?: string,
): Logger {
  return createLogger({
    level: settings.logLevel,
    ...(name === undefined ? {} : { name }),
    ...(settings.logFormat === undefined ? {} : { json: settings.logFormat === 'json' }),
  });
}
