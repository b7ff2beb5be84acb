import {
  readInput,
  readPolicies,
  readTimes,
  type ReportField,
  type ScheduleTimes,
} from '../definition/schedule.ts';
import { show } from '../definition/show.ts';
import type { CompiledDefinition } from '../definition/types.ts';
import { BadUserInputError, type Issue } from '../errors.ts';
import { keepSecrets } from './kept-secrets.ts';
import type { Schedule } from './schedule.ts';
import type { NewSchedule, ScheduleChanges } from './schedules.ts';
import { checkTags } from './tags.ts';
import { priorityIssue } from './wait-options.ts';

/** The longest name of a schedule, in characters. */
export const maxNameLength = 64;

type Definitions = ReadonlyMap<string, CompiledDefinition>;

/**
 * What a new schedule is made of, where nothing is wrong with it.
 *
 * @throws BadUserInputError with each thing that is wrong: paths begin with the option, or `definition`
 */
export async function checkNewSchedule(
  definitions: Definitions,
  name: string,
  options: NewSchedule,
): Promise<{
  readonly compiled: CompiledDefinition;
  readonly times: ScheduleTimes;
  readonly settings: { readonly input: string; readonly missed: string; readonly overlap: string };
  readonly coerced: unknown;
}> {
  const found = new Found();
  const compiled = definitions.get(name);
  if (compiled === undefined) {
    const known = [...definitions.keys()].toSorted().join(', ');
    found.add(['definition'], `Expected one of: ${known || '(no definition is loaded)'}; not ${show(name)}.`);
  }
  const times = found.times(options);
  const policies = readPolicies(options, found.report);
  found.rest(options);
  const input = readInput(options.input, found.report);
  const coerced = await found.input(compiled, input);
  found.throwIfAny();
  // What is undefined was reported.
  return {
    compiled: compiled as CompiledDefinition,
    times: times as ScheduleTimes,
    settings: { input, ...policies },
    coerced,
  };
}

/**
 * What a schedule's changes come to, where nothing is wrong with them.
 *
 * @throws BadUserInputError with each thing that is wrong
 */
export async function checkChanges(
  definitions: Definitions,
  schedule: Schedule,
  changes: ScheduleChanges,
): Promise<{
  readonly times: ScheduleTimes | undefined;
  readonly fields: Readonly<Record<string, string>>;
  readonly coerced: unknown;
}> {
  const found = new Found();
  const compiled = definitions.get(schedule.definition);
  const { cron, timeZone, every, at, name } = changes;
  const hasTimes = [cron, timeZone, every, at].some((value) => value !== undefined);
  const times = hasTimes ? found.times(changes) : undefined;
  const policies = readPolicies(
    { missed: schedule.missed, overlap: schedule.overlap, ...given(changes) },
    found.report,
  );
  found.rest(changes);
  if (changes.input !== undefined && compiled === undefined) {
    found.add(['input'], `Expected none, as '${schedule.definition}' isn't known here.`);
  }
  const secrets = compiled?.secrets.input ?? [];
  const input =
    changes.input === undefined
      ? JSON.stringify(schedule.input)
      : readInput(keepSecrets(changes.input, schedule.input, secrets), found.report);
  const coerced = await found.input(compiled, input);
  found.throwIfAny();
  return { times, fields: { input, ...policies, ...(name === undefined ? {} : { title: name }) }, coerced };
}

function given({ missed, overlap }: ScheduleChanges): object {
  return { ...(missed === undefined ? {} : { missed }), ...(overlap === undefined ? {} : { overlap }) };
}

/** Everything that is wrong, so that it can be told at once. */
class Found {
  readonly #issues: Issue[] = [];

  readonly report: ReportField = (field, expected, got) =>
    this.add(field === '' ? [] : [field], `Expected ${expected}, not ${show(got)}.`);

  add(path: Issue['path'], message: string): void {
    this.#issues.push({ path, message });
  }

  times(options: ScheduleChanges): ScheduleTimes | undefined {
    const times = readTimes(options, this.report);
    if (times !== undefined && 'atMs' in times && times.atMs <= Date.now()) {
      this.add(['at'], `Expected a time to come, not ${new Date(times.atMs).toISOString()}.`);
    }
    return times;
  }

  /** Name, tags and priority. */
  rest({ name, tags, priority }: Pick<ScheduleChanges, 'name' | 'tags' | 'priority'>): void {
    if (name !== undefined && !(name.length > 0 && name.length <= maxNameLength && !/\p{C}/u.test(name))) {
      this.add(['name'], `Expected 1 to ${maxNameLength} printable characters.`);
    }
    if (priority !== undefined) {
      const issue = priorityIssue(priority);
      if (issue !== undefined) this.add(['priority'], issue);
    }
    try {
      checkTags(tags ?? []);
    } catch (error) {
      // There they are one of the options.
      for (const { path, message } of issuesOf(error)) this.add(path.slice(1), message);
    }
  }

  /** Gives the input as `run` gets it. */
  async input(compiled: CompiledDefinition | undefined, wire: string): Promise<unknown> {
    try {
      return await compiled?.coerceInput(JSON.parse(wire));
    } catch (error) {
      for (const { path, message } of issuesOf(error)) this.add(['input', ...path], message);
      return undefined;
    }
  }

  /** @throws BadUserInputError */
  throwIfAny(): void {
    const [first] = this.#issues;
    if (first === undefined) return;
    const more = this.#issues.length > 1 ? ` (and ${this.#issues.length - 1} more)` : '';
    throw new BadUserInputError(`${[...first.path, ''].join(': ')}${first.message}${more}`, this.#issues);
  }
}

function issuesOf(error: unknown): readonly Issue[] {
  if (!(error instanceof BadUserInputError)) throw error;
  return error.issues;
}
