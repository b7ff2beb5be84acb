import { ConfigurationError } from '../errors.ts';
import type { TaskContext } from './context.ts';
import type { InputFieldMap, InputFields, InputShape } from './input.ts';
import { definitionNamePattern } from './names.ts';
import type { SettingOptions, Settings } from './options.ts';
import type { OutputFieldMap, OutputFields, OutputShape } from './output.ts';
import type { CheckedOutput } from './output-check.ts';
import { normalizeSettings } from './settings.ts';
import { show } from './show.ts';

/** A kind of background task: its name, input, output, `run` and settings, every default filled in. Frozen. */
export interface TaskDefinition<Input = unknown, Output = unknown> extends Settings<Input> {
  readonly name: string;
  /** The fields of the input as written; undefined for a task without input. */
  readonly input: ((t: InputFields) => InputFieldMap) | undefined;
  /** The fields of the output as written; undefined for a task without output. */
  readonly output: ((t: OutputFields) => OutputFieldMap) | undefined;
  // A method, so that a definition of any input fits where `TaskDefinition` stands for all of them.
  run(input: Input, context: TaskContext): Output | Promise<Output>;
}

/** What `defineTask` takes. `Given` are the names of the options that are there. */
export interface TaskOptions<
  Fields extends InputFieldMap,
  Outputs extends OutputFieldMap,
  Returned,
  Given,
> extends SettingOptions<InputShape<Fields>> {
  /** Also the name of its mutation: `^[a-z][A-Za-z0-9]{1,48}$`, one of a kind. */
  readonly name: string;
  /** The fields of the input; write it before `run`, whose argument's type comes from it. */
  readonly input?: (t: InputFields) => Fields;
  /** The fields of the output, which `run` must return exactly. */
  readonly output?: (t: OutputFields) => Outputs;
  /**
   * Does the work. Runs at least once for each task: on another worker when one is lost, and again after an
   * error as `retry` says.
   */
  readonly run: (
    input: InputShape<Fields>,
    context: TaskContext,
  ) =>
    | CheckedOutput<Returned, Outputs, 'output' extends Given ? true : false>
    | Promise<CheckedOutput<Returned, Outputs, 'output' extends Given ? true : false>>;
}

/**
 * Defines a task. From it come a typed mutation, a typed subscription and what a worker runs.
 *
 * @throws {ConfigurationError} with every problem of the options at once.
 * @example
 * export const resizeImage = defineTask({
 *   name: 'resizeImage',
 *   input: (t) => ({ url: t.field({ type: 'URL', required: true }), width: t.int({ required: true }) }),
 *   output: (t) => ({ bytes: t.int(), format: t.enum('ImageFormat', ['JPEG', 'PNG']) }),
 *   timeout: '30s',
 *   async run({ url, width }, { progress, signal }) {
 *     const image = await download(url, { signal });
 *     await progress({ fraction: 0.5, message: 'downloaded' });
 *     const resized = await image.resize(width);
 *     return { bytes: resized.byteLength, format: 'JPEG' };
 *   },
 * });
 */
export function defineTask<
  // oxlint-disable-next-line typescript/no-empty-object-type -- a task without input gets {}
  Fields extends InputFieldMap = {},
  Outputs extends OutputFieldMap = OutputFieldMap,
  // Const, so that `'JPEG'` stays that and isn't widened to string before the output is known.
  const Returned = unknown,
  Given extends keyof TaskOptions<Fields, Outputs, Returned, never> = 'name',
>(
  // The second part says nothing new of the options: from it TypeScript learns which of them are given.
  options: TaskOptions<Fields, Outputs, Returned, Given> & { readonly [Name in Given]?: unknown },
): TaskDefinition<InputShape<Fields>, 'output' extends Given ? OutputShape<Outputs> : void> {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError(['defineTask takes an object with at least a name and a run.']);
  }
  const problems: string[] = [];
  const { name, input, output, run } = options;
  if (typeof name !== 'string' || !definitionNamePattern.test(name)) {
    problems.push(`name must match ${definitionNamePattern.source}, not ${show(name)}`);
  }
  for (const [option, value] of Object.entries({ input, output })) {
    if (value !== undefined && typeof value !== 'function') {
      problems.push(`${option} must be a function such as (t) => ({ width: t.int() }), not ${show(value)}`);
    }
  }
  if (typeof run !== 'function') problems.push(`run must be a function, not ${show(run)}`);
  for (const option of Object.keys(options)) {
    if (!knownOptions.has(option)) problems.push(`${option} is not an option of defineTask`);
  }
  const settings = normalizeSettings(options, (problem) => problems.push(problem));
  if (problems.length > 0) {
    throw new ConfigurationError(problems.map((problem) => `Task ${show(name)}: ${problem}.`));
  }
  const definition = { ...settings, name, input, output, run, [brand]: true };
  // `CheckedOutput` has compared what `run` returns with the output, which is what this type says.
  return Object.freeze(definition) as unknown as TaskDefinition<
    InputShape<Fields>,
    'output' extends Given ? OutputShape<Outputs> : void
  >;
}

/** True for what `defineTask` returned, also that of another copy of this package. */
export function isTaskDefinition(value: unknown): value is TaskDefinition {
  return typeof value === 'object' && value !== null && brand in value;
}

const brand = Symbol.for('taskwire.definition');

const knownOptions: ReadonlySet<string> = new Set<keyof TaskOptions<never, never, never, never>>([
  'name',
  'description',
  'queue',
  'input',
  'output',
  'validate',
  'scalars',
  'run',
  'retry',
  'timeout',
  'grace',
  'deadline',
  'expiresIn',
  'concurrency',
  'maxDeliveries',
  'thread',
  'retention',
  'maxOutputBytes',
  'logs',
  'limit',
  'debounce',
  'singleton',
  'schedule',
  'authorize',
]);
