import { chunks } from './replies.ts';
import { parseRules } from './rules.ts';
import { type Ahead, isServed, type Line, parseLine, rulesOf, type Scene, waitOf } from './start-estimate.ts';
import { type HeldLimit, runWait, type TaskWait, waitsOf } from './task-wait.ts';
import type { TaskStatus } from './task.ts';

/** Where a task stands among those that wait. */
export interface Standing {
  /** 1 for the one that is next; of a task with a limit key at least so. Undefined where it doesn't wait for a slot. */
  readonly position: number | undefined;
  /** When it may begin (ms since 1970), as things go now; undefined where nobody can know. */
  readonly startsAt: number | undefined;
  /** What it waits for; nothing where neither it nor its run waits. */
  readonly waits: readonly TaskWait[];
}

/** That of a task which waits for nothing. */
export const nowhere: Standing = { position: undefined, startsAt: undefined, waits: [] };

type TaskReply = readonly [
  status: TaskStatus,
  line: string,
  due: string | null,
  ahead: readonly number[],
  key: string | null,
  parked: number,
];
type StandingReply = readonly [
  now: string,
  rules: readonly string[],
  lines: readonly string[],
  workers: readonly (readonly [
    slots: string,
    busy: number,
    lines: string,
    suspects: number,
    running: readonly string[],
  ])[],
  paces: readonly (readonly [name: string, meanMs: string | null, running: number])[],
  standings: readonly (TaskReply | null)[],
  limits: readonly (readonly [name: string, taken: number, at: string | null])[],
];

/** What all standings of one look share. */
interface Look extends Scene {
  readonly queue: string;
  readonly limits: ReadonlyMap<string, HeldLimit>;
}

/** Parses what the script `standing` says of a queue: a standing for each id that it was asked for. */
export function parseStandings(queue: string, answer: unknown): Standing[] {
  // The shape that the script's contract names.
  const [now, rules, lines, workers, paces, standings, limits] = answer as StandingReply;
  const look: Look = {
    queue,
    now: Number(now),
    rules: parseRules(rules),
    lines: lines.map(parseLine),
    workers: workers.map(([slots, busy, said, suspects, running]) => ({
      slots: Number(slots),
      busy,
      lines: new Map(said.trim().split(' ').map(servedLine)),
      suspects,
      running: new Map(chunks(running, 2).map(([name = '', count]) => [name, Number(count)])),
    })),
    paces: new Map(
      paces.map(([name, meanMs, running]) => [
        name,
        { meanMs: meanMs === null ? undefined : Number(meanMs), running },
      ]),
    ),
    limits: new Map(
      limits.map(([name, taken, at]) => [name, { taken, at: at === null ? undefined : Number(at) }]),
    ),
  };
  return standings.map((reply) => (reply === null ? nowhere : standingOf(look, reply)));
}

function standingOf(look: Look, [status, text, due, counts, key, parked]: TaskReply): Standing {
  const own = parseLine(text);
  if (parked > 0) return { ...nowhere, waits: [runWait(parked === 2)] };
  const serving = look.workers.filter(({ slots, lines }) => slots > 0 && lines.has(own.served));
  const ahead = aheadOf(look, own, counts, serving);
  const before = ahead.reduce((sum, { count }) => sum + Math.max(0, count), 0);
  const waitMs = waitOf(look, own, serving, ahead);
  const dueAt = due === null ? undefined : Number(due);
  return {
    position: status === 'QUEUED' ? before + 1 : undefined,
    startsAt: waitMs === undefined ? undefined : Math.round(Math.max(look.now + waitMs, dueAt ?? 0)),
    waits: waitsOf(look, { status, line: own, key: key ?? undefined, dueAt, serving, before }),
  };
}

function aheadOf(look: Look, own: Line, counts: readonly number[], serving: Scene['workers']): Ahead[] {
  return (
    counts
      .map((count, index) => ({ count, line: look.lines[index] ?? own }))
      // What doesn't begin anyway, or begins elsewhere, is in nobody's way.
      .filter(
        ({ count, line }) =>
          count !== 0 &&
          (line.served === own.served ||
            (rulesOf(look, line).pause === undefined && isServed(look, line, serving))),
      )
  );
}

/** `name:version`, and how many of it the worker may run. */
function servedLine(text: string): readonly [string, number] {
  const [line = '', most] = text.split('=');
  return [line, most === undefined ? Infinity : Number(most)];
}
