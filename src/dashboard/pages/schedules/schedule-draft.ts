import type { Json, VariablesOf } from '../../client/graphql.ts';
import { parseDuration, writeDuration } from '../../parts/format.ts';
import { instant, localTime } from '../../parts/local-time.ts';
import { type Parsed, parseJson } from '../../parts/parse-json.ts';
import type { Schedule } from './schedule-fields.ts';
import type { createSchedule } from './schedule-mutations.ts';

/** A schedule while it is written: each field as its control has it. */
export interface Draft {
  readonly definition: string;
  readonly name: string;
  readonly kind: 'cron' | 'every' | 'at';
  readonly cron: string;
  readonly timeZone: string;
  readonly every: string;
  /** By this machine's clock. */
  readonly at: string;
  /** JSON. */
  readonly input: string;
  readonly overlap: Schedule['overlap'];
  readonly missed: Schedule['missed'];
  readonly priority: string;
  /** With commas between them. */
  readonly tags: string;
}

/** The draft of a schedule that is there, or of a new one. */
export function draftOf(schedule: Schedule | undefined): Draft {
  const { cron, every, at } = schedule ?? { cron: null, every: null, at: null };
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  return {
    definition: schedule?.definition ?? '',
    name: schedule?.name ?? '',
    kind: at !== null ? 'at' : every !== null ? 'every' : 'cron',
    cron: cron?.expression ?? '0 6 * * *',
    timeZone: cron?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    every: writeDuration(parseDuration(every) ?? 900_000),
    at: localTime(at ?? tomorrow),
    input: schedule === undefined || schedule.input === null ? '' : JSON.stringify(schedule.input, null, 2),
    overlap: schedule?.overlap ?? 'ALLOW',
    missed: schedule?.missed ?? 'SKIP',
    priority: String(schedule?.priority ?? 0),
    tags: schedule?.tags.join(', ') ?? '',
  };
}

type Spec = VariablesOf<typeof createSchedule>['schedule'];

/** When, as the API takes it. */
export function specOf({ kind, cron, timeZone, every, at }: Draft): Spec {
  if (kind === 'every') return { every: every.trim() };
  if (kind === 'at') return { at: instant(at) ?? at };
  return { cron: { expression: cron.trim(), timeZone: timeZone.trim() === '' ? null : timeZone.trim() } };
}

/** All but when, as the API takes it; null is left out. */
export function restOf({ name, overlap, missed, priority, tags }: Draft) {
  return {
    name: name.trim() === '' ? null : name.trim(),
    overlap,
    missed,
    priority: priority.trim() === '' ? null : Number(priority),
    tags: tags
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
  };
}

/** An input's text as JSON; nothing where it is empty. */
export function parseInput(text: string): Parsed {
  return text.trim() === '' ? { value: null } : parseJson(text);
}

/** The text of an input that has what is required, to be filled in. */
export function inputToFill(schema: { readonly [key: string]: Json } | null): string {
  const { properties, required } = schema ?? {};
  if (!isObject(properties)) return schema === null ? '' : '{}';
  const isRequired = (name: string): boolean => Array.isArray(required) && required.includes(name);
  const fields = Object.entries(properties)
    .filter(([name]) => isRequired(name))
    .map(([name, field]) => [name, valueToFill(field)]);
  return JSON.stringify(Object.fromEntries(fields), null, 2);
}

function valueToFill(field: Json): Json {
  if (!isObject(field)) return null;
  const { default: given, enum: values, type } = field;
  if (given !== undefined) return given;
  if (Array.isArray(values)) return (values as readonly Json[])[0] ?? null;
  const first = Array.isArray(type) ? (type as readonly Json[])[0] : type;
  const empty: Readonly<Record<string, Json>> = {
    string: '',
    integer: 0,
    number: 0,
    boolean: false,
    array: [],
    object: {},
  };
  return typeof first === 'string' ? (empty[first] ?? null) : null;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
