import { AsyncLocalStorage } from 'node:async_hooks';

/** Which attempt the code belongs to that runs right now; undefined outside of every `run`. */
export const runningAttempt = new AsyncLocalStorage<{ readonly id: string; readonly task: string }>();

/** Where the watchdog's debugger finds it, which sees no module's variables. */
export const runningAttemptKey = 'taskwire.runningAttempt';

Object.defineProperty(globalThis, Symbol.for(runningAttemptKey), {
  value: runningAttempt,
  configurable: true,
});
