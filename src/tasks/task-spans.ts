import { spanning, type Span, type Traces } from '../traces.ts';
import { queueOf } from './id.ts';
import type { Task } from './task.ts';

/**
 * Enqueues within a producer's span: what it is about gets the `traceparent` for the record, by which each attempt belongs
 * to it.
 */
export async function enqueueSpanning<Result extends { readonly id: string } | string>(
  traces: Traces,
  name: string,
  parent: string | undefined,
  enqueue: (trace: string | undefined, span: Span) => Promise<Result>,
  many?: number,
): Promise<Result> {
  const attributes = {
    ...messaging(name),
    'messaging.operation.name': 'enqueue',
    'messaging.operation.type': 'send',
    ...(many === undefined ? {} : { 'messaging.batch.message_count': many }),
  };
  const span = traces.start(`enqueue ${name}`, { kind: 'producer', parent, attributes });
  return await spanning(
    span,
    () => enqueue(span.traceparent, span),
    (result) => {
      const id = typeof result === 'string' ? result : result.id;
      return { 'messaging.message.id': id, 'messaging.destination.name': queueOf(id) ?? '' };
    },
  );
}

/** Begins the span of an attempt: it belongs to what enqueued the task, in whichever process that was. */
export function runSpan(traces: Traces, { id, name, queue, trace, attempt, attempts }: Task): Span {
  return traces.start(`run ${name}`, {
    kind: 'consumer',
    parent: trace,
    attributes: {
      ...messaging(name),
      'messaging.operation.name': 'run',
      'messaging.operation.type': 'process',
      'messaging.destination.name': queue,
      'messaging.message.id': id,
      'taskwire.attempt': attempt,
      'taskwire.worker': attempts.at(-1)?.worker ?? '',
    },
  });
}

function messaging(name: string) {
  return { 'messaging.system': 'taskwire', 'taskwire.definition': name };
}
