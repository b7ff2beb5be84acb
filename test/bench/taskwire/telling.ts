import type { Logger } from '../../../src/logger.ts';
import type { Traces } from '../../../src/traces.ts';

/**
 * The traces of a process of the benchmark, as its last argument says: `traces=all:PORT` sends all to a collector,
 * `traces=none:PORT` records none.
 */
export async function tracesOf(argument: string | undefined, logger: Logger): Promise<Traces | undefined> {
  const [, sampled, port] = /^traces=(all|none):(\d+)$/.exec(argument ?? '') ?? [];
  if (sampled === undefined) return undefined;
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${port}`;
  process.env['OTEL_TRACES_SAMPLER'] = sampled === 'all' ? 'always_on' : 'always_off';
  const { openOtlp } = await import('../../../src/tracing/otlp.ts');
  return openOtlp('bench', logger).traces;
}
