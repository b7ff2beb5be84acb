import type { MessagePort } from 'node:worker_threads';
import type { ChildEnd } from '../definition/child-failed.ts';
import type { ChildOptions } from '../definition/children.ts';
import type { TaskContext } from '../definition/context.ts';
import type { Issue } from '../errors.ts';
import type { Awaited } from './child-functions.ts';
import type { Thrown } from './thrown.ts';

/** What a thread is handed: one attempt. */
export interface ThreadJob {
  /** The URL of the module that exports the definition. */
  readonly source: string;
  readonly name: string;
  /** Wire JSON. */
  readonly input: string;
  readonly id: string;
  readonly attempt: number;
  readonly traceparent: string | undefined;
  /** Whether there are traces, so that it is to be active while `run` runs. */
  readonly isTraced: boolean;
  /** Why the signal has fired already, where it has. */
  readonly aborted: Reason | undefined;
  readonly port: MessagePort;
}

/** How a thread's attempt ended: the output as wire JSON, or what was thrown. */
export type ThreadOutcome = { readonly output: string } | { readonly thrown: Thrown };

/** An error that crosses with no more than `run` looks at. */
export interface Reason {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
}

/** What a thread says while it runs. */
export type FromThread =
  | { readonly kind: 'progress'; readonly update: string }
  | {
      readonly kind: 'log';
      readonly level: keyof TaskContext['log'];
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>> | undefined;
    }
  /** Where it asks, it is answered once there is room for more. */
  | { readonly kind: 'chunk'; readonly stream: string; readonly chunk: string; readonly asks: boolean }
  | {
      readonly kind: 'enqueue';
      readonly call: number;
      readonly name: string;
      readonly input: string;
      readonly options: ChildOptions;
    }
  | { readonly kind: 'outputs'; readonly call: number; readonly awaited: readonly Awaited[] };

/** What became of a call: what it gave, or what it threw. */
export type Reply =
  | { readonly id: string }
  | { readonly outputs: readonly (string | undefined)[] }
  | { readonly childFailed: ChildEnd }
  | { readonly badInput: { readonly message: string; readonly issues: readonly Issue[] } }
  | { readonly refused: Reason };

/** What a running thread is told. Answers come in the order of the updates, replies when they are there. */
export type ToThread =
  | { readonly kind: 'reply'; readonly call: number; readonly reply: Reply }
  | { readonly kind: 'answer'; readonly refused: Reason | undefined }
  | { readonly kind: 'room'; readonly stream: string; readonly refused: Reason | undefined }
  | { readonly kind: 'abort'; readonly reason: Reason };

export function reasonOf(error: unknown): Reason {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: undefined };
  const { name, message } = error;
  return { name, message, code: 'code' in error && typeof error.code === 'string' ? error.code : undefined };
}

/** The error of a reason, as near to the original as `run` can tell. */
export function errorOf({ name, message, code }: Reason): Error {
  const error = name === 'TypeError' ? new TypeError(message) : new Error(message);
  if (error.name !== name) error.name = name;
  return code === undefined ? error : Object.assign(error, { code });
}
