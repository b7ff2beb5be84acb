import { createHash } from 'node:crypto';
import type { TaskDefinition } from '../definition/definition.ts';
import { hideSecrets } from '../definition/secrets.ts';
import type { CompiledDefinition } from '../definition/types.ts';
import { BadUserInputError, invalidArgument, type Issue } from '../errors.ts';
import type { Pending, WaitOptions } from './new-task.ts';
import { limitRules } from './queue-rules.ts';

/** The bounds of a priority, in seconds of head start. */
export const mostPriority = 600;

/** The longest delay: ten years. */
const longestDelayMs = 3_650 * 86_400_000;

/** The longest key of a limit, in characters. */
export const maxLimitKeyLength = 256;

/** When this process started: of two that know a definition, the younger one's limits hold. */
export const startedAt: number = Math.round(Date.now() - performance.now());

/** What a caller says of when a task begins. */
export interface StartOptions {
  /** How long it waits before it may begin, in ms: up to ten years. */
  readonly delayMs?: number;
  /** When it may begin; a time that has passed is now. Not together with `delayMs`. */
  readonly runAt?: Date;
  /** Seconds of head start, a whole number from -600 to 600: before what was enqueued up to so long earlier. @default 0 */
  readonly priority?: number;
}

/**
 * How a task waits: by what its caller says, and by the limits and keys of its definition.
 *
 * @param input as `run` gets it
 * @throws BadUserInputError with each option that can't be used, or where the input makes a key that is too long
 */
export function waitOptionsOf(
  compiled: CompiledDefinition,
  input: unknown,
  owner: string,
  options: StartOptions,
): WaitOptions {
  const { definition } = compiled;
  const { limits } = definition;
  checkStart(definition, options);
  const { delayMs, runAt, priority } = options;
  const keyed = limits.find(({ key }) => key !== undefined);
  return {
    delayMs,
    runAt: runAt?.getTime(),
    priority: priority === 0 ? undefined : priority,
    ...(limits.length === 0 ? {} : { limits: { since: startedAt, rules: limitRules(limits) } }),
    ...(keyed?.key === undefined ? {} : { limitKey: limitKeyOf(compiled, keyed.key, input) }),
    ...(definition.debounce === undefined && definition.singleton === undefined
      ? {}
      : { pending: pendingOf(definition, input, owner) }),
  };
}

/** @throws BadUserInputError with each option that can't be used */
export function checkStart(definition: TaskDefinition, { delayMs, runAt, priority }: StartOptions): void {
  const issues: Issue[] = [];
  const report = (option: string, message: string) => issues.push({ path: ['options', option], message });
  if (delayMs !== undefined && !(delayMs >= 0 && delayMs <= longestDelayMs)) {
    report('delay', `Expected 0 to ten years, got ${delayMs} ms.`);
  }
  if (runAt !== undefined && !(runAt.getTime() <= Date.now() + longestDelayMs)) {
    report('runAt', `Expected a time within ten years, got ${timeOf(runAt)}.`);
  }
  if (delayMs !== undefined && runAt !== undefined) {
    report('runAt', 'Expected a delay or a time, not both.');
  }
  if (definition.debounce !== undefined && (delayMs ?? runAt) !== undefined) {
    report(
      delayMs === undefined ? 'runAt' : 'delay',
      `Expected none: '${definition.name}' is debounced, which says itself when it begins.`,
    );
  }
  if (priority !== undefined) {
    const issue = priorityIssue(priority);
    if (issue !== undefined) report('priority', issue);
  }
  const [first] = issues;
  if (first !== undefined) {
    throw new BadUserInputError(`${first.path.slice(1).join('.')}: ${first.message}`, issues);
  }
}

/** A time as a client writes it, also one that is none. */
function timeOf(time: Date): string {
  return Number.isNaN(time.getTime()) ? String(time) : time.toISOString();
}

/** @throws BadUserInputError where a time isn't one that a task can be moved to */
export function checkNewTime(at: Date): void {
  if (at.getTime() <= Date.now() + longestDelayMs) return;
  throw invalidArgument('runAt', 'Expected a time within ten years.');
}

/** @throws BadUserInputError where a priority isn't a whole number from -600 to 600 */
export function checkPriority(priority: number): void {
  const issue = priorityIssue(priority);
  if (issue !== undefined) throw invalidArgument('priority', issue);
}

/** What is wrong with a priority, if anything. */
export function priorityIssue(priority: number): string | undefined {
  if (Number.isInteger(priority) && Math.abs(priority) <= mostPriority) return undefined;
  return `Expected a whole number of seconds from -${mostPriority} to ${mostPriority}, got ${priority}.`;
}

/**
 * The key of a limit, which stands in the names of keys in the store and in a task's state. One that is another
 * without the secrets of the input is made of them: it is hashed.
 */
function limitKeyOf(
  { definition, secrets }: CompiledDefinition,
  key: (input: unknown) => unknown,
  input: unknown,
): string {
  const plain = keyOf(definition, 'limit.key', key(input));
  if (secrets.input.length === 0) return plain;
  try {
    if (key(hideSecrets(input, secrets.input)) === plain) return plain;
  } catch {
    // It wants a secret of another type than the text in its place.
  }
  return createHash('sha256').update(plain).digest('base64url');
}

function pendingOf(definition: TaskDefinition, input: unknown, owner: string): Pending {
  const { debounce, singleton, name } = definition;
  const option = debounce === undefined ? 'singleton.key' : 'debounce.key';
  // One of the two is there: the caller has looked.
  const key = keyOf(definition, option, (debounce ?? singleton)?.key(input));
  const hash = createHash('sha256')
    .update(JSON.stringify([owner, name, key]))
    .digest('base64url');
  if (debounce === undefined) return { hash, mode: 'S' };
  return { hash, mode: 'D', waitMs: debounce.waitMs, maxWaitMs: debounce.maxWaitMs };
}

/** A key that isn't text is a mistake of the definition; one that is too long comes from the input. */
function keyOf({ name }: TaskDefinition, option: string, key: unknown): string {
  if (typeof key !== 'string') {
    throw new TypeError(
      `Task '${name}': ${option} has to give a text of up to ${maxLimitKeyLength} characters, not ${typeof key}.`,
    );
  }
  if (key.length > maxLimitKeyLength) {
    const message = `Expected one whose ${option} has at most ${maxLimitKeyLength} characters, got ${key.length}.`;
    throw new BadUserInputError(`The input of '${name}' isn't valid: ${message}`, [
      { path: ['input'], message },
    ]);
  }
  // Half a character can't be written to the store.
  return key.toWellFormed();
}
