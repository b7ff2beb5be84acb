import { inlineQueue } from '../definition/inline.ts';
import type { LimitRule, QueueAct } from './rules.ts';
import { type Line, rulesOf, type Scene, type Serving } from './start-estimate.ts';
import type { TaskStatus } from './task.ts';

/** Why a task waits. */
export const waitReasons = [
  'SCHEDULED',
  'RETRY_BACKOFF',
  'QUEUE_PAUSED',
  'DEFINITION_PAUSED',
  'NO_WORKER',
  'QUEUE_LIMIT',
  'DEFINITION_LIMIT',
  'KEY_LIMIT',
  'RATE_LIMIT',
  'WORKER_LIMIT',
  'SUSPECT',
  'WORKERS_BUSY',
  'STARTING',
  'CHILDREN',
] as const;
export type TaskWaitReason = (typeof waitReasons)[number];

/** One thing that a task waits for. */
export interface TaskWait {
  readonly reason: TaskWaitReason;
  /** A sentence for people, which tells nothing of who works here and with what. */
  readonly message: string;
  /** The same for who manages queues, where there is more to say. */
  readonly operatorMessage?: string;
  /** When that may be over (ms since 1970), where it is known. */
  readonly until: number | undefined;
}

/** How many hold a limit, and when its rate allows the next start (ms), where it allows none now. */
export interface HeldLimit {
  readonly taken: number;
  readonly at: number | undefined;
}

interface Place {
  readonly status: TaskStatus;
  readonly line: Line;
  readonly key: string | undefined;
  readonly dueAt: number | undefined;
  /** The workers that serve it and have slots. */
  readonly serving: readonly Serving[];
  /** How many wait before it. */
  readonly before: number;
}

type Look = Scene & { readonly queue: string; readonly limits: ReadonlyMap<string, HeldLimit> };

/** What a task waits for that doesn't run: all that keeps it from beginning by itself, or else that there are others before it. */
export function waitsOf(look: Look, place: Place): TaskWait[] {
  const time = timeWait(place);
  const pauses = pauseWaits(look, place);
  if (time !== undefined) return [time, ...pauses];
  const nobody = place.serving.length === 0 ? [wait('NO_WORKER', nobodyServes(look, place))] : [];
  const held = [...pauses, ...nobody, ...limitWaits(look, place)];
  return held.length > 0 ? held : [workerWait(place)];
}

/** What a run waits for that has lent its slot. */
export function runWait(isOver: boolean): TaskWait {
  return wait(
    'CHILDREN',
    isOver
      ? 'The children that its run waited for have ended; it goes on once its limits have room.'
      : 'Its run waits for its children, and then for a slot of its worker.',
  );
}

function timeWait({ status, dueAt }: Place): TaskWait | undefined {
  if (status === 'QUEUED') return undefined;
  const at = dueAt === undefined ? 'later' : `at ${timeText(dueAt)}`;
  return status === 'RETRYING'
    ? wait('RETRY_BACKOFF', `An attempt failed; it is tried again ${at}.`, dueAt)
    : wait('SCHEDULED', `It is due ${at}.`, dueAt);
}

function pauseWaits(look: Look, { line }: Place): TaskWait[] {
  return [
    ...pauseWait('QUEUE_PAUSED', `The queue ${look.queue}`, look.rules.pause),
    ...pauseWait('DEFINITION_PAUSED', `The definition ${line.name}`, rulesOf(look, line).pause),
  ];
}

function pauseWait(reason: TaskWaitReason, what: string, act: QueueAct | undefined): TaskWait[] {
  if (act === undefined) return [];
  const paused = `${what} is paused since ${timeText(act.at)}`;
  const [by, why] = [act.actor && ` by ${act.actor}`, act.reason && `: ${act.reason}`];
  return [{ ...wait(reason, `${paused}.`), operatorMessage: sentence(`${paused}${by ?? ''}${why ?? ''}`) }];
}

function nobodyServes({ queue, workers }: Look, { line }: Place): string {
  const who = queue === inlineQueue ? 'API process' : 'worker';
  const [, version = ''] = line.served.split(':');
  if (workers.length === 0) return `No ${who} serves the queue ${queue}.`;
  if (workers.some(({ lines }) => lines.has(line.served))) {
    return `No ${who} that serves it has slots to give: they are drained, stop, or have runs that ignore their signal.`;
  }
  const versions = new Set(
    workers.flatMap(({ lines }) =>
      [...lines.keys()].flatMap((served) => {
        const [name, version = ''] = served.split(':');
        return name === line.name ? [version] : [];
      }),
    ),
  );
  return versions.size === 0
    ? `No ${who} of the queue ${queue} serves ${line.name}.`
    : `No ${who} serves ${line.name} in the version ${version}; those there serve ${[...versions].join(', ')}.`;
}

function limitWaits(look: Look, { line, key, before }: Place): TaskWait[] {
  const { rules, limits, queue } = look;
  const own = rulesOf(look, line);
  const one = (
    reason: TaskWaitReason,
    what: string,
    of: string,
    name: string,
    rule: LimitRule | undefined,
  ) => {
    const held = limits.get(name);
    if (rule === undefined || held === undefined) return [];
    const { concurrency, rate } = rule;
    if (concurrency !== undefined && held.taken >= concurrency) {
      const taken = `${held.taken} ${held.taken === 1 ? 'does' : 'do'}`;
      const text = `${what} lets ${concurrency}${of} run at once, and ${taken}.`;
      return [wait(reason, `${text}${othersBefore(before, line)}`)];
    }
    if (rate === undefined || held.at === undefined) return [];
    const text = `${what} lets ${rate.count}${of} begin in ${rate.perMs / 1_000} s; the next one may at ${timeText(held.at)}.`;
    return [wait('RATE_LIMIT', `${text}${othersBefore(before, line)}`, held.at)];
  };
  const of = ` of ${line.name}`;
  return [
    ...one('QUEUE_LIMIT', `The limit of the queue ${queue}`, '', '', rules.all),
    ...one('DEFINITION_LIMIT', 'Its limit', of, line.name, own.all),
    ...(key === undefined ? [] : one('KEY_LIMIT', "Its key's limit", of, `${line.name}@${key}`, own.key)),
  ];
}

/** What the workers that serve it are busy with. */
function workerWait({ line, serving, before }: Place): TaskWait {
  const others = othersBefore(before, line);
  const free = serving.filter(({ slots, busy }) => busy < slots);
  if (free.length === 0) {
    const slots = serving.reduce((sum, worker) => sum + worker.slots, 0);
    const [all, are] = slots === 1 ? ['The one slot', 'is'] : [`All ${slots} slots`, 'are'];
    return {
      ...wait('WORKERS_BUSY', `All slots that serve it are busy.${others}`),
      operatorMessage: `${all} that serve${slots === 1 ? 's' : ''} it ${are} busy.${others}`,
    };
  }
  const { suspectLimit } = line;
  if (suspectLimit !== undefined && free.every(({ suspects }) => suspects >= suspectLimit)) {
    const text = `It was with a worker that was lost: of such tasks a worker runs ${suspectLimit} at once, and those that serve it do.`;
    return wait('SUSPECT', `${text}${others}`);
  }
  const most = (worker: Serving) => worker.lines.get(line.served) ?? 0;
  if (free.every((worker) => (worker.running.get(line.name) ?? 0) >= most(worker))) {
    const text = `Each worker runs only ${Math.max(...free.map(most))} of ${line.name} at once, and does.`;
    return wait('WORKER_LIMIT', `${text}${others}`);
  }
  return wait('STARTING', `A free slot is about to take it.${others}`);
}

function othersBefore(before: number, { isKeyed }: Line): string {
  if (before === 0) return '';
  return `${isKeyed ? ' At least' : ''} ${before} ${before === 1 ? 'task is' : 'tasks are'} before it.`;
}

function wait(reason: TaskWaitReason, message: string, until?: number): TaskWait {
  return { reason, message, until };
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
