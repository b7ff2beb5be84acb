import {
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span as ApiSpan,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import type { Attributes, Span, SpanStart, Traces } from '../traces.ts';
import { version } from '../version.ts';

/** Traces by a provider of OpenTelemetry; without one, by the one that is registered globally. */
export function openTraces(provider: TracerProvider = trace.getTracerProvider()): Traces {
  return new ProvidedTraces(provider.getTracer('taskwire', version));
}

const kinds = {
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

class ProvidedTraces implements Traces {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  start(name: string, { kind, parent, links = [], attributes, startedAt }: SpanStart): Span {
    const within = parentOf(kind, parent);
    const options = {
      kind: kinds[kind],
      ...(attributes === undefined ? {} : { attributes }),
      ...(startedAt === undefined ? {} : { startTime: startedAt }),
      links: links.map(parsed).flatMap((link) => (link === undefined ? [] : [{ context: link }])),
    };
    return new ProvidedSpan(this.#tracer.startSpan(name, options, within), within, parent);
  }
}

/** What is active comes first where it is of the same trace: something in between, such as the span of an HTTP server. */
function parentOf(kind: SpanStart['kind'], parent: string | undefined): Context {
  const given = parsed(parent);
  // What takes a task may be active for reasons of its own.
  const isApart = kind === 'consumer' || kind === 'internal';
  const active = isApart ? undefined : context.active();
  if (given === undefined) return active ?? ROOT_CONTEXT;
  const current = active && trace.getSpanContext(active);
  if (active !== undefined && current?.traceId === given.traceId) return active;
  return trace.setSpanContext(ROOT_CONTEXT, given);
}

class ProvidedSpan implements Span {
  readonly traceparent: string | undefined;
  readonly #span: ApiSpan;
  readonly #context: Context;

  constructor(span: ApiSpan, within: Context, parent: string | undefined) {
    this.#span = span;
    this.#context = trace.setSpan(within, span);
    const own = span.spanContext();
    this.traceparent = isSpanContextValid(own) ? written(own) : parent;
  }

  note(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
  }

  event(name: string, attributes?: Attributes): void {
    this.#span.addEvent(name, attributes);
  }

  fail(code: string, message?: string): void {
    this.#span.setAttribute('error.type', code);
    this.#span.recordException({ name: code, message: message ?? code });
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: message ?? code });
  }

  run<Result>(call: () => Result): Result {
    return context.with(this.#context, call);
  }

  end(): void {
    this.#span.end();
  }
}

function written({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** The span that a `traceparent` names; undefined where it is none. */
export function parsed(traceparent: string | undefined): SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = ''] = traceparent?.split('-') ?? [];
  const found = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(found) ? found : undefined;
}
