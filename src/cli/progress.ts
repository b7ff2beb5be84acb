import { showTime } from '../quantity.ts';

/** What a watched task looks like to the command line. */
export interface WatchedTask {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly isFinal: boolean;
  readonly version: number;
  readonly attempt: number;
  readonly progress: {
    readonly fraction: number | null;
    readonly current: number | null;
    readonly total: number | null;
    readonly message: string | null;
  } | null;
  readonly failure: Failure | null;
  /** When it goes on by itself, while it is RETRYING or SCHEDULED. */
  readonly nextAttemptAt: string | null;
  readonly attempts: readonly { readonly failure: Failure | null }[];
  readonly output?: unknown;
}

interface Failure {
  readonly code: string;
  readonly message: string;
}

/** Shows a task as it goes: a bar that redraws itself on a terminal, a plain line for each change elsewhere. */
export class ProgressView implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  #last = '';

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(task: WatchedTask): void {
    const line = this.#stream.isTTY ? bar(task, this.#stream.columns) : plain(task);
    if (line === this.#last) return;
    this.#last = line;
    this.#stream.write(this.#stream.isTTY ? `\r\u001B[2K${line}` : `${line}\n`);
  }

  /** A line of its own, above the bar. */
  note(text: string): void {
    this.#stream.write(this.#stream.isTTY ? `\r\u001B[2K${text}\n${this.#last}` : `${text}\n`);
  }

  /** Leaves the last bar standing and goes on below it. */
  [Symbol.dispose](): void {
    if (this.#stream.isTTY && this.#last !== '') this.#stream.write('\n');
    this.#last = '';
  }
}

/** `RUNNING 40% (4 of 10) reading rows`, `RETRYING in 2 s after HTTP_429: not yet`: what can be told, in one line. */
export function plain(task: WatchedTask): string {
  const again = task.attempt > 1 ? ` (attempt ${task.attempt})` : '';
  return [`${task.status}${again}`, ...wait(task), ...details(task)].join(' ');
}

/** The same with a bar, cut to the terminal's width so that it stays one line. */
export function bar(task: WatchedTask, columns: number): string {
  const fraction = task.status === 'SUCCEEDED' ? 1 : (task.progress?.fraction ?? 0);
  const filled = Math.round(Math.min(Math.max(fraction, 0), 1) * 24);
  const drawn = `${'█'.repeat(filled)}${'░'.repeat(24 - filled)}`;
  return `${task.name} ${drawn} ${plain(task)}`.slice(0, (columns || 80) - 1);
}

/** `HTTP_429: not yet`, in one line whatever the message holds. */
export function reason({ code, message }: Failure): string {
  return printable(`${code}: ${message}`);
}

function wait({ status, nextAttemptAt, attempts }: WatchedTask): string[] {
  const leftMs = nextAttemptAt === null ? 0 : Date.parse(nextAttemptAt) - Date.now();
  const failure = status === 'RETRYING' ? attempts.at(-1)?.failure : undefined;
  return [
    ...(leftMs > 0 ? [`in ${showTime(leftMs)}`] : []),
    ...(failure ? [`after ${reason(failure)}`] : []),
  ];
}

function details({ progress }: WatchedTask): string[] {
  if (progress === null) return [];
  const { fraction, current, total, message } = progress;
  return [
    ...(fraction === null ? [] : [`${Math.floor(fraction * 100)}%`]),
    ...(current === null ? [] : [`(${current}${total === null ? '' : ` of ${total}`})`]),
    ...(message === null ? [] : [printable(message)]),
  ];
}

/** What a task says about itself may hold anything, also what a terminal would obey. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}
