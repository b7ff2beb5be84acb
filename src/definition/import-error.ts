import { ConfigurationError } from '../errors.ts';
import { displayPath } from './source.ts';

/** Says in one sentence each why a task file couldn't be imported, and where in it. */
export function explainImportError(error: unknown, label: string): string[] {
  if (error instanceof ConfigurationError) return error.problems.map((problem) => `${label}: ${problem}`);
  if (!(error instanceof Error)) return [`${label}: threw ${String(error)} while it was imported.`];
  const code = 'code' in error ? error.code : undefined;
  const message = error.message.split('\n', 1)[0] ?? '';
  if (code === 'ERR_MODULE_NOT_FOUND') return [`${label}: ${missing(message, label)}`];
  const where = locationOf(error);
  if (error instanceof SyntaxError) return [`${label}: ${message} (syntax error${where && `, ${where}`}).`];
  return [`${label}: threw ${error.name}: ${message} while it was imported${where && ` (${where})`}.`];
}

// "Cannot find package 'x' imported from /long/path/a.ts"
function missing(message: string, label: string): string {
  const [, what, from] = /^Cannot find (.+?)(?: imported from (.+))?$/.exec(message) ?? [];
  if (what === undefined) return message;
  if (from === undefined || from.endsWith('taskwire.js')) {
    return `there is no file, folder or module of this name here (${process.cwd()}).`;
  }
  const importer = displayPath(from);
  return `can't find ${what}${importer === label ? '' : `, which ${importer} imports`}.`;
}

// A syntax error's stack starts with its place, others have it in their first frame.
function locationOf(error: Error): string {
  const [, file, line] = /(file:\/\/[^\s:)]+|\/[^\s:()]+):(\d+)/.exec(error.stack ?? '') ?? [];
  if (file === undefined || line === undefined || file.includes('node:')) return '';
  return `${displayPath(file)}:${line}`;
}
