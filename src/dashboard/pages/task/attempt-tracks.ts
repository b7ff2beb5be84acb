/** What is needed of a task to draw its attempts. Times as the API sends them. */
export interface Timed {
  readonly createdAt: string;
  readonly runAt: string | null;
  readonly nextAttemptAt: string | null;
  readonly finishedAt: string | null;
  readonly isFinal: boolean;
  readonly attempts: readonly {
    readonly number: number;
    readonly startedAt: string;
    readonly finishedAt: string | null;
  }[];
}

/** A stretch of time in ms; without `to` it isn't over. */
export interface Span {
  readonly from: number;
  readonly to: number | undefined;
}

/** An attempt's line: how long was waited for it, and how long it ran. The last one may be an attempt that is still to come. */
export interface Track {
  /** Undefined for the one to come. */
  readonly number: number | undefined;
  /** Undefined where nobody knows since when: what was before isn't kept. */
  readonly wait: Span | undefined;
  readonly run: Span | undefined;
}

export interface Tracks {
  readonly from: number;
  readonly to: number;
  readonly tracks: readonly Track[];
}

/** Puts the attempts of a task on one axis of time, from when it was enqueued (or was first due) until its end, or `now`. */
export function tracksOf(task: Timed, now: number): Tracks {
  const created = Date.parse(task.createdAt);
  const [first] = task.attempts;
  const isWhole = first === undefined || first.number === 1;
  const due = task.runAt === null ? created : Math.max(created, Date.parse(task.runAt));
  // A delay of hours would leave nothing of attempts that take seconds.
  const hasBegun = first !== undefined && Date.parse(first.startedAt) >= due;
  const tracks: Track[] = [];
  let since = isWhole ? (hasBegun ? due : created) : undefined;
  for (const { number, startedAt, finishedAt } of task.attempts) {
    const started = Date.parse(startedAt);
    const ended = finishedAt === null ? undefined : Date.parse(finishedAt);
    tracks.push({
      number,
      wait: since === undefined ? undefined : { from: Math.min(since, started), to: started },
      run: { from: started, to: ended },
    });
    since = ended;
  }
  const isRunning = task.attempts.at(-1)?.finishedAt === null;
  if (!isRunning && !task.isFinal)
    tracks.push({ number: undefined, wait: waitOf(task, since), run: undefined });
  if (task.attempts.length === 0 && task.isFinal) {
    tracks.push({ number: undefined, wait: { from: created, to: timeOf(task.finishedAt) }, run: undefined });
  }
  const times = tracks.flatMap(({ wait, run }) => [wait?.from, wait?.to, run?.from, run?.to]);
  const known = times.filter((time) => time !== undefined);
  const from = Math.min(...known, ...(known.length === 0 ? [created] : []));
  const end = Math.max(...known, ...(task.isFinal ? [] : [now]), from);
  return { from, to: Math.max(end, from + 1), tracks };
}

function waitOf({ nextAttemptAt, createdAt }: Timed, since: number | undefined): Span {
  return { from: since ?? Date.parse(createdAt), to: timeOf(nextAttemptAt) };
}

function timeOf(at: string | null): number | undefined {
  return at === null ? undefined : Date.parse(at);
}

const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat(
  [1, 2, 5, 10, 15, 30].map((s) => s * 1000),
  [1, 2, 5, 10, 15, 30].map((min) => min * 60_000),
  [1, 2, 3, 6, 12].map((h) => h * 3_600_000),
);

/** Round distances from the beginning of a stretch of `length` ms, about `most` of them. */
export function ticksOf(length: number, most: number): number[] {
  const step =
    steps.find((step) => length / step <= most) ?? Math.ceil(length / most / 86_400_000) * 86_400_000;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
}
