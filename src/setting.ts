/** What the command line has. */
export const commands = [
  'dev',
  'server',
  'worker',
  'schema',
  'run',
  'watch',
  'logs',
  'cancel',
  'retry',
  'queues',
  'workers',
  'pause',
  'resume',
  'drain',
  'purge',
  'token',
  'doctor',
] as const;
export type Command = (typeof commands)[number];

/** In place of a default: the command needs a value, or does without one. */
export const required: unique symbol = Symbol('required');
export const optional: unique symbol = Symbol('optional');

/** One setting: its names, the commands that read it (each with its default as one would write it), its parser. */
export interface Setting<Value, On extends Defaults> {
  readonly flag: `--${string}`;
  /** What stands after the flag in the help. */
  readonly value: string;
  readonly env: string;
  readonly help: string;
  /** Said in place of a default where there is none to print. */
  readonly otherwise?: string;
  /** Its value is never repeated, whatever is wrong with it. */
  readonly isSecret?: boolean;
  /** May be given several times; the environment's value is split at commas. */
  readonly repeatable?: boolean;
  /** Values are added to the default instead of taking its place. */
  readonly addsToDefault?: boolean;
  readonly on: On;
  /** Throws an `Error` whose message completes the sentence "expected …". */
  readonly parse: (text: string) => Value;
}
/** The commands that read a setting, each with its default. */
export type Defaults = { readonly [C in Command]?: string | typeof required | typeof optional };

/** A setting, with its types as they are written. */
export function setting<Value, const On extends Defaults>(entry: Setting<Value, On>): Setting<Value, On> {
  return entry;
}
