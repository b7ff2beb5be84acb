/**
 * How a process tells what it does as spans of distributed traces. Off it is undefined, which is all that whoever has
 * something to tell looks at; `tracing/` makes it.
 */
export interface Traces {
  /** Begins a span; whoever does ends it. */
  start(name: string, options: SpanStart): Span;
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** What a span begins with. */
export interface SpanStart {
  readonly kind: 'server' | 'producer' | 'consumer' | 'internal';
  /** The W3C `traceparent` of what it belongs to. @default what is active; of a consumer, nothing */
  readonly parent?: string | undefined;
  /** Those of others that it has to do with. */
  readonly links?: readonly (string | undefined)[];
  readonly attributes?: Attributes;
  /** @default now */
  readonly startedAt?: Date;
}

/** Something that takes time, in a trace. */
export interface Span {
  /** By which others belong to it; that of its parent, where nobody records. */
  readonly traceparent: string | undefined;
  note(attributes: Attributes): void;
  event(name: string, attributes?: Attributes): void;
  /** Says that it failed: a code, and words that anybody may read. */
  fail(code: string, message?: string): void;
  /** Calls with it active, so that spans of other instrumentations belong to it. */
  run<Result>(call: () => Result): Result;
  end(): void;
}

/** Runs what a span is about, and ends it; an error is told by its code alone, as its message may repeat an input. */
export async function spanning<Result>(
  span: Span,
  call: (span: Span) => Promise<Result>,
  resultOf?: (result: Result) => Attributes,
): Promise<Result> {
  return await ending(span, () => span.run(() => call(span)), resultOf);
}

/** The same of what begins something that goes on for others: there it isn't active. */
export async function ending<Result>(
  span: Span,
  call: () => Promise<Result>,
  resultOf?: (result: Result) => Attributes,
): Promise<Result> {
  try {
    const result = await call();
    if (resultOf !== undefined) span.note(resultOf(result));
    return result;
  } catch (error) {
    span.fail(codeOf(error));
    throw error;
  } finally {
    span.end();
  }
}

/** The code that an error carries, or its name. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
