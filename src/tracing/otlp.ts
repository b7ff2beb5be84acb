import { setTimeout as delay } from 'node:timers/promises';
import { context, diag, DiagLogLevel, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from '../logger.ts';
import type { Traces } from '../traces.ts';
import { version } from '../version.ts';
import { openTraces } from './open-traces.ts';
import { samplerOf } from './sampler.ts';

/** Traces that are sent to a collector; `close` sends the rest. */
export interface OtlpTraces {
  readonly traces: Traces;
  close(): Promise<void>;
}

/** How long a process that ends waits for its collector, in ms. */
const lastSendMs = 3_000;

/** How often it is said that a collector can't be reached, in ms. */
const complaintMs = 60_000;

/**
 * Sends spans by OTLP over HTTP to where `OTEL_EXPORTER_OTLP_ENDPOINT` says, and makes it what all of OpenTelemetry in this
 * process uses, so that spans of task files go the same way.
 *
 * @throws ConfigurationError where `OTEL_TRACES_SAMPLER` asks for what isn't there
 */
export function openOtlp(service: string, logger: Logger): OtlpTraces {
  const sampler = samplerOf(process.env);
  complainTo(logger);
  const own = resourceFromAttributes({ 'service.name': service, 'service.version': version });
  const given = detectResources({ detectors: [envDetector, serviceNameEnvDetector] });
  const provider = new TracerProvider({
    resource: own.merge(given),
    sampler,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  return {
    traces: openTraces(provider),
    close: async () => {
      const sent = provider.shutdown().then(
        () => true,
        () => false,
      );
      if (await Promise.race([sent, delay(lastSendMs, false, { ref: false })])) return;
      logger.warn('the last traces could not be sent: the collector does not answer');
    },
  };
}

/** What OpenTelemetry has to complain of goes to the log: a collector that is away, over and over, once a minute. */
function complainTo(logger: Logger): void {
  let quietUntil = 0;
  const complain = (message: string): void => {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + complaintMs;
    logger.warn({ problem: message.slice(0, 300) }, 'traces could not be sent; tasks go on without');
  };
  const keep = (message: string): void => logger.debug({ message }, 'OpenTelemetry');
  diag.setLogger(
    { error: complain, warn: complain, info: keep, debug: keep, verbose: keep },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
