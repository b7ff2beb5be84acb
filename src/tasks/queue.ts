import type { QueueLook } from './inspect.ts';
import { type LimitRule, noRules, type QueueAct } from './rules.ts';
import type { TaskStatus } from './task.ts';

/** A line of tasks as it is at one moment. Times are ms since 1970 by the store's clock. */
export interface Queue {
  readonly name: string;
  /** When this was so. */
  readonly at: number;
  /** Tasks by status; of those that are final, those that are still kept. */
  readonly counts: Readonly<Record<TaskStatus, number>>;
  /** Tasks that wait for a slot: those that are `QUEUED`. */
  readonly waiting: number;
  /** Tasks that run and hold a slot: those that are `RUNNING` or `CANCELING`, but for those that wait for their children. */
  readonly running: number;
  /** Since when the task waits that waits longest. */
  readonly oldestWaitingSince: number | undefined;
  /** Tasks that came in the last minute. */
  readonly enqueuedPerMinute: number;
  /** Tasks that became final in the last minute, by how they ended; counted in pieces of 10 s. */
  readonly finishedPerMinute: Readonly<Partial<Record<TaskStatus, number>>>;
  /** Workers with a lease, and their slots. */
  readonly workers: { readonly count: number; readonly slots: number; readonly busy: number };
  /** Limits that hold across all workers: the queue's own first, then those of definitions by name. */
  readonly limits: readonly QueueLimitState[];
  /** How many tasks may be `QUEUED` or `SCHEDULED`; undefined where any number may. */
  readonly maxWaiting: number | undefined;
  /** Set while nothing of it begins. */
  readonly pause: QueueAct | undefined;
  /** Set while it takes no new tasks. */
  readonly drain: QueueAct | undefined;
  /** Definitions of which nothing begins, by name. */
  readonly pausedDefinitions: readonly (QueueAct & { readonly name: string })[];
}

/** A limit and what it holds up. */
export interface QueueLimitState extends LimitRule {
  /** Whose it is; undefined for the queue's own. */
  readonly definition: string | undefined;
  readonly isPerKey: boolean;
  /** How many run under it now; undefined of one for each key. */
  readonly running: number | undefined;
  /** Whether something waits at it; for keys, at how many of them: at most 1,000. */
  readonly blocked: number;
}

/** A queue as clients see it, out of one look. */
export function queueFrom(look: QueueLook): Queue {
  const { now, tasks, workers, rules, definitions } = look;
  const live = workers.filter(({ leaseEnd }) => leaseEnd > now);
  const longest = Math.max(...definitions.map(({ waitingMs = -1 }) => waitingMs));
  return {
    name: look.queue,
    at: now,
    counts: tasks,
    waiting: tasks.QUEUED,
    running: sum(definitions, ({ running }) => running),
    oldestWaitingSince: longest < 0 ? undefined : now - longest,
    enqueuedPerMinute: look.enqueued,
    finishedPerMinute: look.finished,
    workers: {
      count: live.length,
      slots: sum(live, ({ slots }) => slots),
      busy: sum(live, ({ running }) => running),
    },
    limits: limitsOf(look),
    maxWaiting: rules.maxWaiting,
    pause: rules.pause,
    drain: rules.drain,
    pausedDefinitions: [...rules.definitions].flatMap(([name, { pause }]) =>
      pause === undefined ? [] : [{ name, ...pause }],
    ),
  };
}

function limitsOf(look: QueueLook): QueueLimitState[] {
  const { rules } = look;
  const sets = [[undefined, rules] as const, ...rules.definitions];
  return sets.flatMap(([definition, { all, key }]) => {
    const whole = {
      definition,
      isPerKey: false,
      running: runningOf(look, definition),
      blocked: isFull(look, definition) ? 1 : 0,
    };
    const each = {
      definition,
      isPerKey: true,
      running: undefined,
      blocked: look.blocked.find(({ name, isKeyed }) => isKeyed && name === definition)?.count ?? 0,
    };
    return [
      ...(all === undefined ? [] : [{ ...all, ...whole }]),
      ...(key === undefined ? [] : [{ ...key, ...each }]),
    ];
  });
}

/** Whether something waits that a limit without keys holds up: the queue's, or a definition's. */
export function isFull(look: QueueLook, definition?: string): boolean {
  const { rules, blocked, tasks, definitions, now } = look;
  const { all } = (definition === undefined ? rules : rules.definitions.get(definition)) ?? noRules;
  if (all === undefined) return false;
  const queued =
    definition === undefined ? tasks.QUEUED : definitions.find(({ name }) => name === definition)?.queued;
  if ((queued ?? 0) === 0) return false;
  if (all.concurrency !== undefined && runningOf(look, definition) >= all.concurrency) return true;
  // Where its rate lets nothing start, it is kept until when.
  return blocked.some(({ name, isKeyed, at = 0 }) => !isKeyed && name === (definition ?? '') && at > now);
}

function runningOf({ definitions }: QueueLook, definition: string | undefined): number {
  const own = definition === undefined ? definitions : definitions.filter(({ name }) => name === definition);
  return sum(own, ({ running }) => running);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
