import { parseRules } from './rules.ts';
import { type Ahead, isServed, parseLine, rulesOf, type Scene, waitOf } from './start-estimate.ts';
import type { TaskStatus } from './task.ts';

/** Where a task stands among those that wait. */
export interface Standing {
  /** 1 for the one that is next; of a task with a limit key at least so. Undefined where it doesn't wait for a slot. */
  readonly position: number | undefined;
  /** When it may begin (ms since 1970), as things go now; undefined where nobody can know. */
  readonly startsAt: number | undefined;
}

/** That of a task which waits for nothing. */
export const nowhere: Standing = { position: undefined, startsAt: undefined };

type TaskReply = readonly [status: TaskStatus, line: string, due: string | null, ahead: readonly number[]];
type StandingReply = readonly [
  now: string,
  rules: readonly string[],
  lines: readonly string[],
  workers: readonly (readonly [slots: string, busy: number, lines: string])[],
  paces: readonly (readonly [name: string, meanMs: string | null, running: number])[],
  standings: readonly (TaskReply | null)[],
];

/** Parses what the script `standing` says: a standing for each id that it was asked for. */
export function parseStandings(answer: unknown): Standing[] {
  // The shape that the script's contract names.
  const [now, rules, lines, workers, paces, standings] = answer as StandingReply;
  const scene: Scene = {
    now: Number(now),
    rules: parseRules(rules),
    lines: lines.map(parseLine),
    workers: workers.map(([slots, busy, said]) => ({
      slots: Number(slots),
      busy,
      lines: new Map(said.trim().split(' ').map(servedLine)),
    })),
    paces: new Map(
      paces.map(([name, meanMs, running]) => [
        name,
        { meanMs: meanMs === null ? undefined : Number(meanMs), running },
      ]),
    ),
  };
  return standings.map((reply) => (reply === null ? nowhere : standingOf(scene, reply)));
}

function standingOf(scene: Scene, [status, text, due, counts]: TaskReply): Standing {
  const own = parseLine(text);
  const serving = scene.workers.filter(({ slots, lines }) => slots > 0 && lines.has(own.served));
  const ahead: Ahead[] = counts
    .map((count, index) => ({ count, line: scene.lines[index] ?? own }))
    // What doesn't begin anyway, or begins elsewhere, is in nobody's way.
    .filter(
      ({ count, line }) =>
        count !== 0 &&
        (line.served === own.served ||
          (rulesOf(scene, line).pause === undefined && isServed(scene, line, serving))),
    );
  const before = ahead.reduce((sum, { count }) => sum + Math.max(0, count), 0);
  const waitMs = waitOf(scene, own, serving, ahead);
  return {
    position: status === 'QUEUED' ? before + 1 : undefined,
    startsAt: waitMs === undefined ? undefined : Math.round(Math.max(scene.now + waitMs, Number(due ?? 0))),
  };
}

/** `name:version`, and how many of it the worker may run. */
function servedLine(text: string): readonly [string, number] {
  const [line = '', most] = text.split('=');
  return [line, most === undefined ? Infinity : Number(most)];
}
