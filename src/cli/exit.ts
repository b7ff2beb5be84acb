import { ConfigurationError, TaskwireError } from '../errors.ts';

/** How a command ends, as the shell sees it. A command that was interrupted ends with 128 + the signal's number. */
export const exitCodes = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** A command can't go on: the message is all that its user needs, so no stack is printed. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, options: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = options.exitCode ?? exitCodes.failure;
  }
}

/** Codes of errors that say all in their message: a port or an address that can't be had, the embedded store. */
const foreseen: ReadonlySet<unknown> = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'EMBEDDED_STORE']);

/** Says on stderr why a command ended and gives its exit code. Only what nobody foresaw comes with its stack. */
export function report(error: unknown): number {
  if (error instanceof ConfigurationError) {
    process.stderr.write(listProblems(error.problems));
    return exitCodes.usage;
  }
  if (error instanceof CommandError) {
    process.stderr.write(`taskwire: ${error.message}\n`);
    return error.exitCode;
  }
  if (
    error instanceof Error &&
    (error instanceof TaskwireError || ('code' in error && foreseen.has(error.code)))
  ) {
    process.stderr.write(`taskwire: ${error.message}\n`);
    return exitCodes.failure;
  }
  process.stderr.write(
    `taskwire: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return exitCodes.failure;
}

/** All problems of a report, one a line. */
export function listProblems(problems: readonly string[]): string {
  const lines = problems.map((problem) => `  - ${problem.replaceAll('\n', '\n    ')}\n`);
  return `taskwire: ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}:\n${lines.join('')}`;
}
