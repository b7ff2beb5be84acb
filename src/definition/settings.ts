import { durationHint, parseDuration } from './duration.ts';
import { queueNamePattern } from './names.ts';
import { ifObject, reportUnknown } from './option-checks.ts';
import type { Debounce, Limit, LimitOptions, LogOptions, SettingOptions, Settings } from './options.ts';
import { normalizeRetry } from './retry.ts';
import { normalizeSchedules } from './schedule.ts';
import { show } from './show.ts';
import { isStandardSchema } from './validate.ts';

type Report = (problem: string) => void;

/** Fills in every default and reports each option that can't be used, so that all problems come at once. */
export function normalizeSettings<Input>(options: SettingOptions<Input>, report: Report): Settings<Input> {
  const { queue = 'default', retention = {}, schedule = [], limit = [], singleton } = options;
  const kept =
    typeof retention === 'object'
      ? (ifObject(retention, 'retention', report) ?? {})
      : { success: retention, failure: retention };
  reportUnknown('retention', kept, ['success', 'failure'], report);
  if (typeof queue !== 'string' || !queueNamePattern.test(queue)) {
    report(`queue must match ${queueNamePattern.source}, not ${show(queue)}`);
  }
  checkKind(options.description, 'string', 'description', report);
  checkKind(options.thread, 'boolean', 'thread', report);
  checkKind(options.authorize, 'function', 'authorize', report);
  if (options.validate !== undefined && !isStandardSchema(options.validate)) {
    checkKind(options.validate, 'function', 'validate', report, 'a function or a Standard Schema');
  }
  return {
    description: options.description,
    queue,
    validate: options.validate,
    scalars: ifObject(options.scalars, 'scalars', report) ?? {},
    retry: normalizeRetry(ifObject(options.retry, 'retry', report) ?? {}, report),
    timeoutMs: optionalMs(options.timeout, 'timeout', report),
    graceMs: optionalMs(options.grace, 'grace', report, 0) ?? 10_000,
    deadlineMs: optionalMs(options.deadline, 'deadline', report),
    expiresInMs: optionalMs(options.expiresIn, 'expiresIn', report),
    concurrency: optionalCount(options.concurrency, 'concurrency', report),
    maxDeliveries: optionalCount(options.maxDeliveries, 'maxDeliveries', report) ?? 3,
    thread: options.thread ?? false,
    retention: {
      successMs: optionalMs(kept.success, 'retention.success', report) ?? 7 * 86_400_000,
      failureMs: optionalMs(kept.failure, 'retention.failure', report) ?? 30 * 86_400_000,
    },
    maxOutputBytes: optionalCount(options.maxOutputBytes, 'maxOutputBytes', report) ?? 262_144,
    logs: normalizeLogs(ifObject(options.logs, 'logs', report) ?? {}, report),
    limits: normalizeLimits<Input>(Array.isArray(limit) ? limit : [limit], report),
    debounce: normalizeDebounce(ifObject(options.debounce, 'debounce', report), report),
    singleton: normalizeSingleton(singleton, options.debounce !== undefined, report),
    schedules: normalizeSchedules(Array.isArray(schedule) ? schedule : [schedule], report),
    authorize: options.authorize,
  };
}

function normalizeLogs(options: LogOptions, report: Report): Settings<unknown>['logs'] {
  reportUnknown('logs', options, ['lines', 'chunks', 'bytes', 'retention'], report);
  return {
    lines: optionalCount(options.lines, 'logs.lines', report) ?? 1_000,
    chunks: optionalCount(options.chunks, 'logs.chunks', report) ?? 50_000,
    bytes: optionalCount(options.bytes, 'logs.bytes', report) ?? 1_048_576,
    retentionMs: optionalMs(options.retention, 'logs.retention', report) ?? 7 * 86_400_000,
  };
}

function normalizeLimits<Input>(limits: readonly LimitOptions<Input>[], report: Report): Limit<Input>[] {
  const objects = limits.filter((limit) => ifObject(limit, 'limit', report) !== undefined);
  const keyed = objects.filter(({ key }) => key !== undefined).length;
  if (keyed > 1 || objects.length - keyed > 1) {
    report('limit may be a list of at most two: one without a key and one with');
  }
  return objects.map((limit) => normalizeLimit(limit, report));
}

function normalizeLimit<Input>(options: LimitOptions<Input>, report: Report): Limit<Input> {
  reportUnknown('limit', options, ['concurrency', 'rate', 'key', 'whenFull'], report);
  const { rate, key, whenFull = 'WAIT' } = options;
  checkKind(key, 'function', 'limit.key', report);
  if (options.concurrency === undefined && rate === undefined) {
    report('limit must have a concurrency, a rate or both');
  }
  if (!['WAIT', 'REJECT', 'CANCEL_OLDEST'].includes(whenFull)) {
    report(`limit.whenFull must be 'WAIT', 'REJECT' or 'CANCEL_OLDEST', not ${show(whenFull)}`);
  }
  return {
    concurrency: optionalCount(options.concurrency, 'limit.concurrency', report),
    rate: rate && {
      count: requiredCount(rate.count, 'limit.rate.count', report),
      perMs: requiredMs(rate.per, 'limit.rate.per', report),
      burst: optionalCount(rate.burst, 'limit.rate.burst', report) ?? rate.count,
    },
    key,
    whenFull,
  };
}

function normalizeSingleton<Input>(
  singleton: SettingOptions<Input>['singleton'],
  isDebounced: boolean,
  report: Report,
): Settings<Input>['singleton'] {
  if (singleton === undefined || singleton === false) return undefined;
  if (isDebounced)
    report('singleton and debounce exclude each other: one that is debounced waits alone anyway');
  if (singleton === true) return { key: () => '' };
  if (typeof singleton !== 'object' || typeof singleton?.key !== 'function') {
    report(`singleton must be true or have a key, a function, not ${show(singleton)}`);
    return undefined;
  }
  return { key: singleton.key };
}

function normalizeDebounce<Input>(
  options: SettingOptions<Input>['debounce'],
  report: Report,
): Debounce<Input> | undefined {
  if (!options) return undefined;
  if (typeof options.key !== 'function') report(`debounce.key must be a function, not ${show(options.key)}`);
  return {
    key: options.key,
    waitMs: requiredMs(options.wait, 'debounce.wait', report),
    maxWaitMs: optionalMs(options.maxWait, 'debounce.maxWait', report),
  };
}

function checkKind(
  value: unknown,
  kind: 'string' | 'boolean' | 'function',
  name: string,
  report: Report,
  expected = `a ${kind}`,
): void {
  if (value !== undefined && typeof value !== kind) report(`${name} must be ${expected}, not ${show(value)}`);
}

function optionalCount(value: number | undefined, name: string, report: Report): number | undefined {
  return value === undefined ? undefined : requiredCount(value, name, report);
}

function requiredCount(value: number, name: string, report: Report): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    report(`${name} must be a whole number of at least 1, not ${show(value)}`);
  }
  return value;
}

function optionalMs(value: unknown, name: string, report: Report, leastMs = 1): number | undefined {
  return value === undefined ? undefined : requiredMs(value, name, report, leastMs);
}

function requiredMs(value: unknown, name: string, report: Report, leastMs = 1): number {
  const ms = parseDuration(value);
  if (ms === undefined || ms < leastMs) report(`${name} must be ${durationHint}, not ${show(value)}`);
  return ms ?? 0;
}
