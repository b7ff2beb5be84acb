import type { Logger } from '../logger.ts';
import type { Traces } from '../traces.ts';

/** The traces of a command, sent to the end when it is disposed. */
export interface CommandTraces extends AsyncDisposable {
  readonly traces: Traces | undefined;
}

/** Opens what the setting `traces` asks for; off, nothing of OpenTelemetry is loaded. */
export async function commandTraces(
  setting: 'off' | 'otlp',
  service: string,
  logger: Logger,
): Promise<CommandTraces> {
  if (setting === 'off') return { traces: undefined, [Symbol.asyncDispose]: async () => {} };
  const { openOtlp } = await import('../tracing/otlp.ts');
  const otlp = openOtlp(service, logger);
  return { traces: otlp.traces, [Symbol.asyncDispose]: () => otlp.close() };
}
