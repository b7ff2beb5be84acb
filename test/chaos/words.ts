import { isFinal, type Task } from '../../src/tasks/task.ts';

/** Which attempt says something: every run of this suite puts it into all that it tells. */
export interface Speaker {
  readonly attempt: number;
  readonly pid: number;
}

/** Tells whose words a state holds if they aren't those of its last attempt. */
export function saysAnother(task: Task): string | undefined {
  const last = task.attempts.at(-1);
  const wrong = speakers(task).find(
    ({ attempt, pid }) => attempt !== last?.number || !last.worker.includes(`-${pid}-`),
  );
  if (wrong === undefined) return undefined;
  const { status, version } = task;
  return `${status} (version ${version}) of attempt ${last?.number} by ${last?.worker} holds words of attempt ${wrong.attempt} by process ${wrong.pid}`;
}

/** The attempt that a final state's output or failure is of. */
export function speakerOf(task: Task): Speaker | undefined {
  return isFinal(task.status) ? (inOutput(task) ?? inFailure(task)) : undefined;
}

function speakers(task: Task): Speaker[] {
  const found = [inOutput(task), inFailure(task)];
  // Of a task that waits again the last words are still those of the attempt before.
  if (task.status === 'RUNNING' || task.status === 'CANCELING') found.push(asSpeaker(task.progress?.data));
  return found.filter((speaker) => speaker !== undefined);
}

function inOutput({ output }: Task): Speaker | undefined {
  return asSpeaker(output);
}

function inFailure({ failure }: Task): Speaker | undefined {
  const [, attempt, pid] = /^attempt=(\d+) pid=(\d+)$/.exec(failure?.message ?? '') ?? [];
  return attempt === undefined ? undefined : { attempt: Number(attempt), pid: Number(pid) };
}

function asSpeaker(value: unknown): Speaker | undefined {
  if (typeof value !== 'object' || value === null || !('attempt' in value) || !('pid' in value))
    return undefined;
  return { attempt: Number(value.attempt), pid: Number(value.pid) };
}
