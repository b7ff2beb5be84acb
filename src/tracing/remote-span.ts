import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { parsed } from './open-traces.ts';

// Where whoever has set up OpenTelemetry here has one already, that one stays.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/** Calls with a span active that is recorded elsewhere: what is told here belongs to it. */
export function runWithin<Result>(traceparent: string | undefined, call: () => Result): Result {
  const span = parsed(traceparent);
  return span === undefined ? call() : context.with(trace.setSpanContext(ROOT_CONTEXT, span), call);
}
