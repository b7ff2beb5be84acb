import { inlineQueue } from '../../definition/inline.ts';
import type { LineState, QueueState, WorkerState } from '../inspect.ts';
import { isFull } from '../queue.ts';
import { isFinal, type TaskStatus } from '../task.ts';
import { showCount, showTime } from '../../quantity.ts';
import { failingFindings } from './failing.ts';
import { type Finding, finding } from './finding.ts';
import { liveWorkers, leaseFindings } from './leases.ts';
import { pauseFindings } from './pause.ts';
import { roomFindings } from './room.ts';
import { busyMs, overdueRemovalMs, patienceMs, unsweptMs, wokenMs } from './thresholds.ts';

/**
 * What is well and what isn't about a queue: its workers, what waits, its clocks, its lane. A look from some moments
 * before tells a line that is stuck from a long one that moves on while a slot happens to be between two tasks.
 */
export function queueFindings(state: QueueState, before: QueueState = state): Finding[] {
  const live = liveWorkers(state);
  const hadToWait = new Set(before.lines.map(({ firstId }) => firstId));
  return [
    workersFinding(state, live),
    ...waitingFindings(state, live, hadToWait),
    ...pauseFindings(state),
    ...roomFindings(state),
    ...failingFindings(state),
    ...leaseFindings(state),
    clocksFinding(state),
    laneFinding(state, live),
  ].map((finding) => ({ ...finding, queue: state.queue }));
}

function workersFinding(
  { queue, tasks, lines, workerCount, workers, definitions, rules }: QueueState,
  live: readonly WorkerState[],
): Finding {
  const check = 'workers';
  const slots = sum(live, ({ slots }) => slots);
  const busy = sum(live, ({ running }) => running);
  if (live.length > 0) {
    const more = workerCount > workers.length ? ` (the ${workers.length} freshest of ${workerCount})` : '';
    return finding(
      check,
      'ok',
      `${showCount(live.length, 'worker')}${more}, ${busy} of ${showCount(slots, 'slot')} busy`,
    );
  }
  const waiting = tasks.QUEUED;
  const nobody = 'no live worker';
  if (waiting === 0 && lines.length === 0)
    return finding(check, 'ok', `${nobody}, and nothing waits for one`);
  const longest = Math.max(0, ...[...lines, ...definitions].map(({ waitingMs }) => waitingMs ?? 0));
  return finding(
    check,
    // Who has paused it may have stopped its workers, too.
    longest > patienceMs && rules.pause === undefined ? 'FAIL' : 'warn',
    `${nobody}, and ${showCount(waiting, 'task')} of ${namesOf(lines)} ${waiting === 1 ? 'waits' : 'wait'}, the first for ${showTime(longest)}`,
    queue === inlineQueue
      ? 'API processes take these: start one with these definitions.'
      : 'Start a worker with these definitions (and this queue, where it names queues).',
  );
}

function waitingFindings(
  state: QueueState,
  live: readonly WorkerState[],
  hadToWait: ReadonlySet<string | undefined>,
): Finding[] {
  const check = 'waiting';
  const { lines, lineCount } = state;
  // Without any worker all has been said, and of a pause it is said apart.
  const bad =
    live.length === 0 || state.rules.pause !== undefined
      ? []
      : lines.flatMap((line) => {
          const found = lineFinding(state, line, live, hadToWait.has(line.firstId));
          return found === undefined ? [] : [{ ...found, definition: line.name }];
        });
  const behind = live.length === 0 || lines.length === 0 ? [] : behindFindings(state, bad);
  if (bad.length + behind.length > 0) return [...bad, ...behind];
  if (lines.length === 0) return [heldUpFinding(state)];
  const oldest = lines.toSorted((a, b) => (b.waitingMs ?? 0) - (a.waitingMs ?? 0))[0];
  const count = sum(lines, ({ count }) => count);
  const found =
    `${showCount(count, 'task')} in ${showCount(lines.length, 'line')}${lineCount > lines.length ? ` (of ${lineCount})` : ''}` +
    (oldest === undefined ? '' : `, the first of ${nameOf(oldest)} for ${showTime(oldest.waitingMs ?? 0)}`);
  return [finding(check, 'ok', found)];
}

/** Where no line has anything to start: at most what limits of keys hold up waits. */
function heldUpFinding({ tasks, blocked, definitions, rules }: QueueState): Finding {
  const check = 'waiting';
  if (tasks.QUEUED === 0) return finding(check, 'ok', 'nothing waits');
  const keys = blocked
    .filter(({ isKeyed }) => isKeyed)
    .map(({ name, count }) => `${name} (${showCount(count, 'key')})`);
  const longest = Math.max(0, ...definitions.map(({ waitingMs }) => waitingMs ?? 0));
  const found = `${showCount(tasks.QUEUED, 'task')} at the limits of ${keys.join(', ') || 'keys'}, the first for ${showTime(longest)}`;
  return longest <= busyMs || rules.pause !== undefined
    ? finding(check, 'ok', found)
    : finding(check, 'warn', found, 'Raise the limit of the definition, or spread the work.');
}

/** Where tasks of a definition wait too long of which other lines, or the limits of keys, come first. */
function behindFindings({ definitions, rules }: QueueState, told: readonly Finding[]): Finding[] {
  if (rules.pause !== undefined) return [];
  return definitions.flatMap(({ name, queued, oldestId = 'unknown', waitingMs = 0 }) => {
    const isTold = told.some(({ definition }) => definition === name);
    if (isTold || waitingMs <= busyMs || rules.definitions.get(name)?.pause !== undefined) return [];
    const found = `${showCount(queued, 'task')} of ${name}: the oldest (${oldestId}) for ${showTime(waitingMs)}, as others come first or the limits of keys let no more begin`;
    const todo = 'Start more workers, or raise the limit of the definition.';
    return [{ ...finding('waiting', 'warn', found, todo), definition: name }];
  });
}

/** What is wrong with a line, if anything. */
function lineFinding(
  state: QueueState,
  line: LineState,
  live: readonly WorkerState[],
  hadToWait: boolean,
): Finding | undefined {
  const check = 'waiting';
  const { name, version, count } = line;
  if (state.rules.definitions.get(name)?.pause !== undefined) return undefined;
  const what = `${showCount(count, 'task')} of ${nameOf(line)}`;
  const { id, waitingMs, which } = longestOf(state, line);
  const since = `the ${which} (${id ?? 'unknown'}) for ${showTime(waitingMs)}`;
  const serving = live.filter(({ lines, slots }) => slots > 0 && lines.includes(`${name}:${version}`));
  if (serving.length === 0) {
    if (live.some(({ lines }) => lines.includes(`${name}:${version}`))) {
      const found = `${what}: the workers that serve it have no slots to give, ${since}`;
      const todo =
        'They stop, are drained, or their slots are held by runs that ignore their signal: start another worker.';
      return finding(check, waitingMs > patienceMs ? 'FAIL' : 'warn', found, todo);
    }
    const others = new Set(
      live.flatMap(({ lines }) => lines.filter((served) => served.startsWith(`${name}:`))),
    );
    const served = others.size === 0 ? `none serves ${name} at all` : `they serve ${[...others].join(', ')}`;
    return finding(
      check,
      waitingMs > patienceMs ? 'FAIL' : 'warn',
      `${what}: no live worker serves this version (${served}), ${since}`,
      `${state.queue === inlineQueue ? 'API processes take these: start one' : 'Start a worker'} with the definition '${name}' in version ${version}, or cancel these tasks.`,
    );
  }
  const limit = isFull(state) ? 'the queue' : isFull(state, name) ? name : undefined;
  if (limit !== undefined) {
    if (waitingMs <= busyMs) return undefined;
    const found = `${what}: ${since}, as the limit of ${limit} lets no more begin`;
    return finding(check, 'warn', found, 'Raise the limit, if that is not meant to be so.');
  }
  // A suspect is only given to a worker that runs no other.
  const idle = serving.filter(
    ({ running, slots, suspects, bounds }) =>
      running < slots && !(line.isSuspect && suspects > 0) && !isAtBound(bounds.get(name)),
  );
  if (idle.length > 0 && waitingMs > wokenMs && hadToWait) {
    return finding(
      check,
      'FAIL',
      `${what}: ${since}, although ${showCount(
        sum(idle, ({ slots, running }) => slots - running),
        'slot',
      )} that would take them are idle`,
      `Look at the logs of ${idle[0]?.id ?? 'the worker'}, and restart it if it is stuck.`,
    );
  }
  if (waitingMs <= busyMs) return undefined;
  const todo = 'Start more workers, or raise --concurrency.';
  return finding(check, 'warn', `${what}: ${since}, as all slots for them are busy`, todo);
}

/** The one that waits longest: not always the first, as others may have a higher priority. */
function longestOf({ lines, definitions }: QueueState, line: LineState) {
  const { name, firstId: id, waitingMs = 0 } = line;
  const oldest = definitions.find((definition) => definition.name === name);
  const isOnly = lines.every((other) => other === line || other.name !== name);
  // What is known of a definition is known of its only line, unless keys are held up elsewhere.
  if (!isOnly || line.isKeyed || oldest?.oldestId === undefined || oldest.oldestId === id) {
    return { id, waitingMs, which: 'first' };
  }
  return { id: oldest.oldestId, waitingMs: Math.max(waitingMs, oldest.waitingMs ?? 0), which: 'oldest' };
}

function isAtBound(bound: { most: number; running: number } | undefined): boolean {
  return bound !== undefined && bound.running >= bound.most;
}

function clocksFinding({ now, clocks, tasks, firstDue, firstLeaseEnd, firstRemoval }: QueueState): Finding {
  const check = 'clocks';
  const todo = 'Start a worker or a server on this store; if some run, look at their logs.';
  const overdue = (at: number | undefined): number => (at === undefined ? 0 : now - at);
  if (overdue(firstLeaseEnd) > unsweptMs) {
    const found = `a worker's lease ended ${showTime(overdue(firstLeaseEnd))} ago, and its tasks weren't taken back`;
    return finding(check, 'FAIL', found, todo);
  }
  if (overdue(firstDue) > patienceMs) {
    const found = `a task has been due for ${showTime(overdue(firstDue))}, and nothing happened`;
    return finding(check, 'FAIL', found, todo);
  }
  // The keys of a record are its names, which Object.entries widens to string.
  const counts = Object.entries(tasks) as [TaskStatus, number][];
  const unfinished = sum(
    counts.filter(([status]) => !isFinal(status)),
    ([, count]) => count,
  );
  const nobody = 'no process looks after the queue: its due tasks, timeouts and lost workers';
  if (clocks === 0 && unfinished > 0) return finding(check, 'FAIL', nobody, todo);
  if (clocks === 0) return finding(check, 'ok', `${nobody}; nothing is unfinished`);
  if (overdue(firstRemoval) > overdueRemovalMs) {
    const found = `the removal of finished tasks is behind by ${showTime(overdue(firstRemoval))}`;
    return finding(check, 'warn', found, todo);
  }
  if (clocks === undefined)
    return finding(check, 'unknown', 'this user may not ask who listens; nothing is overdue');
  return finding(
    check,
    'ok',
    `${clocks === 1 ? '1 process looks' : `${clocks} processes look`} after the queue`,
  );
}

/** More hints than slots never wait, but for a burst; many are what a broken clock or lane leaves behind. */
const laneSlack = 100;

function laneFinding({ lane }: QueueState, live: readonly WorkerState[]): Finding {
  const slots = sum(live, ({ slots }) => slots);
  const found = `${showCount(lane.waiting, 'hint')} waiting and ${lane.active} taken, for ${showCount(slots, 'slot')}`;
  if (Math.max(lane.waiting, lane.active) <= slots + laneSlack) return finding('lane', 'ok', found);
  const todo =
    'They do no harm to tasks and are taken out by running workers; if they stay, restart the workers.';
  return finding('lane', 'warn', found, todo);
}

function nameOf({ name, version, isSuspect }: LineState): string {
  return `${name}:${version}${isSuspect ? ' (suspected of killing workers)' : ''}`;
}

function namesOf(lines: readonly LineState[]): string {
  const names = [...new Set(lines.map(({ name, version }) => `${name}:${version}`))];
  return names.length <= 5
    ? names.join(', ')
    : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
