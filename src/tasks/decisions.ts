/**
 * What the scripts decide, as tables: the documents print them, and each row is a test
 * (`test/tasks/decisions.test.ts`, `test/tasks/wakes.test.ts`).
 */

/** A situation and what comes of it. */
export interface Decision {
  readonly when: string;
  readonly result: string;
}

/** What a new task meets, by the first row that fits; `any` stands for all there are. */
export interface Meeting {
  readonly queue: 'any' | 'drains' | 'holds `maxWaiting`' | 'open or paused';
  readonly due: 'any' | 'now' | 'later';
  readonly limit: 'any' | 'has room' | 'has none';
  readonly whenFull: 'any' | 'WAIT' | 'REJECT' | 'CANCEL_OLDEST';
  readonly result: string;
}

export const meetings = [
  { queue: 'drains', due: 'any', limit: 'any', whenFull: 'any', result: 'the error `QUEUE_DRAINING`' },
  {
    queue: 'holds `maxWaiting`',
    due: 'any',
    limit: 'any',
    whenFull: 'any',
    result: 'the error `QUEUE_FULL`',
  },
  { queue: 'open or paused', due: 'later', limit: 'any', whenFull: 'any', result: 'it is `SCHEDULED`' },
  { queue: 'open or paused', due: 'now', limit: 'has room', whenFull: 'any', result: 'it is `QUEUED`' },
  { queue: 'open or paused', due: 'now', limit: 'has none', whenFull: 'WAIT', result: 'it is `QUEUED`' },
  {
    queue: 'open or paused',
    due: 'now',
    limit: 'has none',
    whenFull: 'REJECT',
    result: 'the error `LIMIT_REACHED`',
  },
  {
    queue: 'open or paused',
    due: 'now',
    limit: 'has none',
    whenFull: 'CANCEL_OLDEST',
    result: 'it is `QUEUED`, and the oldest that waits is `CANCELED`',
  },
] as const satisfies readonly Meeting[];

/** Who is no new task, and so is neither refused nor in anybody's way. */
export const returns = [
  {
    when: 'its id or its idempotency key was there before',
    result: 'that task is the answer, also while the queue drains',
  },
  {
    when: 'it joins one that waits under its debounce or singleton key',
    result: 'it joins, also while the queue drains',
  },
  {
    when: 'its delay is over and a limit rejects',
    result: 'it is `QUEUED`: it was taken when it was enqueued',
  },
  {
    when: 'it is retried by hand and a limit rejects',
    result: 'it is `QUEUED`, and nobody is canceled for it',
  },
  {
    when: 'its next attempt is due and a limit rejects',
    result: 'it is `QUEUED`, and nobody is canceled for it',
  },
  { when: 'it was given back, or its worker was lost', result: 'it is `QUEUED`, in its old place' },
  {
    when: 'one limit rejects it and the other one would cancel the oldest',
    result: 'it is rejected and nobody is canceled',
  },
  {
    when: 'it takes the place of the oldest, which has another priority',
    result: 'the one enqueued first is canceled, whatever its priority',
  },
] as const satisfies readonly Decision[];

/** What becomes of a task when its debounce key, singleton key, idempotency key, delay and expiry meet. */
export const joins = [
  {
    when: 'debounced, none waits',
    result: 'it is `SCHEDULED` for after `wait`, or `maxWait` where that is less',
  },
  {
    when: 'debounced, one is `SCHEDULED`',
    result: 'that one takes the input and waits anew, until `maxWait` after its creation',
  },
  {
    when: 'debounced, the one that is `SCHEDULED` has another version or limit key',
    result: 'it takes those of the last input',
  },
  {
    when: 'debounced, the one that is `SCHEDULED` has waited for `maxWait`',
    result: 'that one takes the input and is `QUEUED`',
  },
  { when: 'debounced, the one before is `QUEUED` or has begun', result: 'it is a new one' },
  { when: 'debounced, the one before was canceled, or its record is gone', result: 'it is a new one' },
  {
    when: 'debounced, with an idempotency key that came before',
    result: 'that task is the answer; it keeps its input and its time',
  },
  {
    when: 'debounced, joined with an idempotency key of its own',
    result: 'that key gives the joined task from now on',
  },
  {
    when: 'debounced, with `expiresIn`',
    result: 'it expires so long after it is due, counted anew by each that joins',
  },
  { when: 'single, one is `QUEUED`', result: 'that one is the answer, as it is' },
  { when: 'single, one is `SCHEDULED`, and this one is due now', result: 'that one is `QUEUED`' },
  {
    when: 'single, one is `SCHEDULED`, and this one is due earlier',
    result: 'that one gets the earlier time, and expires earlier',
  },
  {
    when: 'single, one is `SCHEDULED`, and this one is due later',
    result: 'that one is the answer, as it is',
  },
  {
    when: 'single, the one before has begun',
    result: 'it is a new one, also while that waits for another attempt',
  },
  {
    when: 'single, the one that waits has another version of the definition',
    result: 'it is a new one: nobody may run that version any more',
  },
  { when: 'single, the one before was canceled and is retried by hand', result: 'both wait' },
  { when: 'delayed, with `expiresIn`', result: 'it expires so long after it is due' },
  {
    when: 'delayed, with a `deadline`',
    result: 'the delay is part of it: it fails where it is not over by then',
  },
  {
    when: 'delayed, with an idempotency key that came before',
    result: 'that task is the answer; it keeps its time',
  },
  { when: 'rescheduled, with `expiresIn`', result: 'it expires so long after its new time' },
] as const satisfies readonly Decision[];

/** What wakes an idle slot where tasks have limits, times and orders; the rest is in ARCHITECTURE.md. */
export const wakes = [
  { when: 'a task is created that may start', result: '`create` wakes' },
  { when: 'a task is created that its limit holds up', result: 'nobody is woken' },
  { when: 'a run ends and frees a limit while its slot goes on with another task', result: '`finish` wakes' },
  { when: 'a run ends and frees its key, for which another worker has a slot', result: '`finish` wakes' },
  { when: 'a canceled run ends and frees a limit', result: '`finish` wakes' },
  { when: 'a worker that leaves frees a limit', result: '`leave` wakes' },
  { when: 'a lease is swept and frees a limit', result: '`tick` wakes' },
  { when: 'the queue is resumed', result: '`rule` wakes' },
  { when: 'a definition is resumed', result: '`rule` wakes' },
  { when: "the queue's limit is raised", result: '`rule` wakes' },
  { when: "the queue's limit is taken away", result: '`rule` wakes' },
  { when: "a definition's limit is raised", result: '`register` wakes' },
  { when: "a definition's limit is taken away", result: '`register` wakes' },
  { when: "a limit's keys may run more", result: '`tick` wakes, at once: its time is published' },
  { when: "a limit's keys are taken away", result: '`tick` wakes, at once: its time is published' },
  { when: "a definition's rate allows the next one", result: '`tick` wakes, on time' },
  { when: "the queue's rate allows the next one", result: '`tick` wakes, on time' },
  { when: "a key's rate allows the next one", result: '`tick` wakes, on time' },
  { when: 'a delayed task is due', result: '`tick` wakes, on time' },
  { when: 'a task is rescheduled to now', result: '`reschedule` wakes' },
  { when: 'a task gets another priority', result: 'nobody is woken: it changes who is next, not whether' },
  { when: 'a worker starts while a key may run', result: '`renew` wakes' },
  { when: 'a worker runs as many of a definition as it may, and one of them ends', result: '`finish` wakes' },
  { when: 'a worker runs as many of a definition as it may', result: 'it is not woken for more' },
  { when: 'a single task that was delayed is due now', result: '`create` wakes' },
  {
    when: 'keys that a lowered limit holds up stand before one that may run',
    result: '`create` wakes for that one',
  },
] as const satisfies readonly Decision[];
