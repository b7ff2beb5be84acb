import { ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { samplerOf } from '../../src/tracing/sampler.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';

/** Which spans are recorded: one that begins a trace, and those in a trace that is recorded and in one that isn't. */
function recorded(environment: NodeJS.ProcessEnv) {
  const tracer = new TracerProvider({ sampler: samplerOf(environment) }).getTracer('test');
  const within = (traceFlags: TraceFlags) =>
    trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: 'b7ad6b7169203331', traceFlags, isRemote: true });
  const [root, sampled, unsampled] = [ROOT_CONTEXT, within(TraceFlags.SAMPLED), within(TraceFlags.NONE)].map(
    (parent) => tracer.startSpan('one', {}, parent).isRecording(),
  );
  return { root, sampled, unsampled };
}

test.each([
  [{}, { root: true, sampled: true, unsampled: false }],
  [{ OTEL_TRACES_SAMPLER: '' }, { root: true, sampled: true, unsampled: false }],
  [{ OTEL_TRACES_SAMPLER: 'always_on' }, { root: true, sampled: true, unsampled: true }],
  [{ OTEL_TRACES_SAMPLER: 'always_off' }, { root: false, sampled: false, unsampled: false }],
  [
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
    { root: false, sampled: false, unsampled: false },
  ],
  [{ OTEL_TRACES_SAMPLER: 'traceidratio' }, { root: true, sampled: true, unsampled: true }],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, { root: true, sampled: true, unsampled: false }],
  [{ OTEL_TRACES_SAMPLER: 'ParentBased_Always_Off' }, { root: false, sampled: true, unsampled: false }],
  [
    { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.0' },
    { root: false, sampled: true, unsampled: false },
  ],
])('%j records what OpenTelemetry means by it', (environment, expected) => {
  expect(recorded(environment)).toEqual(expected);
});

test('a ratio records about so many of the traces', () => {
  const environment = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' };
  const tracer = new TracerProvider({ sampler: samplerOf(environment) }).getTracer('test');

  const spans = Array.from({ length: 4_000 }, () => tracer.startSpan('one', {}, ROOT_CONTEXT));

  const share = spans.filter((span) => span.isRecording()).length / spans.length;
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.3);
});

test.each([
  [
    { OTEL_TRACES_SAMPLER: 'sometimes' },
    'OTEL_TRACES_SAMPLER: expected one of always_on, always_off, traceidratio, parentbased_always_on, ' +
      "parentbased_always_off, parentbased_traceidratio, got 'sometimes'.",
  ],
  [
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '50 %' },
    "OTEL_TRACES_SAMPLER_ARG: expected the share of traces to record, from 0 to 1, as 0.1, got '50 %'.",
  ],
  [
    { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '1.5' },
    "OTEL_TRACES_SAMPLER_ARG: expected the share of traces to record, from 0 to 1, as 0.1, got '1.5'.",
  ],
])('%j is refused with what was expected', (environment, problem) => {
  expect(() => samplerOf(environment)).toThrow(problem);
});
