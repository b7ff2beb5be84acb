import type { Tasks } from '../tasks/tasks.ts';

/** What a route answers, as JSON. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Whether the process lives: it does, or nobody would answer. */
export function health(): Answer {
  return { status: 200, body: { status: 'ok' } };
}

/** Whether requests can be served right now: 503 with the reason while they can't. */
export function readiness(tasks: Tasks): Answer {
  return tasks.isReady()
    ? { status: 200, body: { status: 'ready' } }
    : { status: 503, body: { status: 'not ready', reason: 'The task store (Redis) is not reachable.' } };
}
