import { ConfigurationError } from './errors.ts';
import type { LogLevel } from './logger.ts';
import { parseRedisUrl } from './redis/address.ts';

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
  'pause',
  'resume',
  'drain',
  'purge',
  'doctor',
] as const;
export type Command = (typeof commands)[number];

// Not imported from the logger, which would load all of it before a command line is even parsed.
const logLevels = [
  'fatal',
  'error',
  'warn',
  'info',
  'debug',
  'trace',
  'silent',
] as const satisfies readonly LogLevel[];

/** In place of a default: the command needs a value, or does without one. */
const required = Symbol('required');
const optional = Symbol('optional');

/** One setting: its names, the commands that read it (each with its default as one would write it), its parser. */
interface Setting<Value, On extends Defaults> {
  readonly flag: `--${string}`;
  /** What stands after the flag in the help. */
  readonly value: string;
  readonly env: string;
  readonly help: string;
  /** Said in place of a default where there is none to print. */
  readonly otherwise?: string;
  /** May be given several times; the environment's value is split at commas. */
  readonly repeatable?: boolean;
  /** Values are added to the default instead of taking its place. */
  readonly addsToDefault?: boolean;
  readonly on: On;
  /** Throws an `Error` whose message completes the sentence "expected …". */
  readonly parse: (text: string) => Value;
}
type Defaults = { readonly [C in Command]?: string | typeof required | typeof optional };

function setting<Value, const On extends Defaults>(entry: Setting<Value, On>): Setting<Value, On> {
  return entry;
}

/** Where `dev` and `server` listen by their defaults. */
const localApi = 'http://127.0.0.1:4000/graphql';

/** Every setting there is. A flag wins over the environment, the environment over the default. */
export const table = {
  port: setting({
    flag: '--port',
    value: 'number',
    env: 'PORT',
    help: 'port of the API; 0 takes a free one',
    on: { dev: '4000', server: '4000' },
    parse: (text) => wholeNumber(text, 0, 65_535),
  }),
  host: setting({
    flag: '--host',
    value: 'address',
    env: 'HOST',
    help: 'address that the API listens on; 0.0.0.0 for all',
    on: { dev: '127.0.0.1', server: '127.0.0.1' },
    parse: (text) => matching(text, /^[A-Za-z0-9.:-]+$/, 'an IP address or a host name'),
  }),
  redisUrl: setting({
    flag: '--redis-url',
    value: 'url',
    env: 'REDIS_URL',
    help: 'the Redis or Valkey that keeps the tasks; of a Sentinel set, redis+sentinel://host1,host2/mymaster',
    otherwise: 'an embedded store',
    on: { dev: optional, server: required, worker: required, doctor: required },
    parse: redisUrl,
  }),
  prefix: setting({
    flag: '--prefix',
    value: 'name',
    env: 'TASKWIRE_PREFIX',
    help: 'first part of every key in Redis; API and workers need the same',
    on: { dev: 'tw', server: 'tw', worker: 'tw', doctor: 'tw' },
    parse: (text) => matching(text, /^[A-Za-z0-9_-]{1,32}$/, '1 to 32 letters, digits, - and _'),
  }),
  tasks: setting({
    flag: '--tasks',
    value: 'path',
    env: 'TASKWIRE_TASKS',
    help: 'folder or module with task definitions, beside the built-in ones; may be repeated',
    otherwise: './tasks, where it exists',
    repeatable: true,
    on: {
      dev: optional,
      server: optional,
      worker: optional,
      schema: optional,
    },
    parse: (text) => list(text, (path) => matching(path, /^\P{Cc}+$/u, 'paths, separated by commas')),
  }),
  queues: setting({
    flag: '--queues',
    value: 'names',
    env: 'TASKWIRE_QUEUES',
    help: 'queues that the worker serves, separated by commas',
    otherwise: 'all queues of its definitions but inline',
    repeatable: true,
    on: { worker: optional },
    parse: (text) =>
      list(text, (name) =>
        matching(
          name,
          /^[a-z][A-Za-z0-9-]{0,47}$/,
          'queue names, separated by commas (a letter, then letters, digits, -)',
        ),
      ),
  }),
  concurrency: setting({
    flag: '--concurrency',
    value: 'number',
    env: 'TASKWIRE_CONCURRENCY',
    help: 'tasks that the worker runs at once, per queue',
    on: { dev: '10', worker: '10' },
    parse: (text) => wholeNumber(text, 1, 1_000),
  }),
  inlineConcurrency: setting({
    flag: '--inline-concurrency',
    value: 'number',
    env: 'TASKWIRE_INLINE_CONCURRENCY',
    help: 'tasks of the queue inline that the API process runs at once',
    on: { dev: '10', server: '10' },
    parse: (text) => wholeNumber(text, 1, 1_000),
  }),
  grace: setting({
    flag: '--grace',
    value: 'time',
    env: 'TASKWIRE_GRACE',
    help: 'how long running tasks may go on when their process is asked to stop; the rest is given back',
    on: { dev: '1s', server: '30s', worker: '30s' },
    parse: duration,
  }),
  lease: setting({
    flag: '--lease',
    value: 'time',
    env: 'TASKWIRE_LEASE',
    help: 'how long a worker that stopped answering keeps its tasks; API and workers need the same',
    on: { dev: '15s', server: '15s', worker: '15s' },
    parse: (text) => atLeast(100, duration(text)),
  }),
  dataDir: setting({
    flag: '--data-dir',
    value: 'path',
    env: 'TASKWIRE_DATA_DIR',
    help: "folder that keeps the embedded store's content between two starts",
    on: { dev: '.taskwire' },
    parse: (text) => matching(text, /^\P{Cc}+$/u, 'a path'),
  }),
  graphiql: setting({
    flag: '--graphiql',
    value: 'on|off',
    env: 'TASKWIRE_GRAPHIQL',
    help: 'serve GraphiQL, the interactive page, at /graphql',
    on: { dev: 'on', server: 'off' },
    parse: onOrOff,
  }),
  origins: setting({
    flag: '--origins',
    value: 'origins',
    env: 'TASKWIRE_ORIGINS',
    help: 'origins of web pages that may use the API, beside its own; loopback: those on this machine, any port',
    otherwise: 'none',
    repeatable: true,
    addsToDefault: true,
    on: { dev: 'loopback', server: optional },
    parse: (text) => list(text, origin),
  }),
  enqueueRate: setting({
    flag: '--enqueue-rate',
    value: 'number|off',
    env: 'TASKWIRE_ENQUEUE_RATE',
    help: 'tasks that one owner may enqueue a second, through all API processes; a batch counts 1 + a hundredth of its items',
    on: { dev: '50', server: '50' },
    parse: (text) => wholeNumberOrOff(text, 1, 1_000_000),
  }),
  enqueueBurst: setting({
    flag: '--enqueue-burst',
    value: 'number',
    env: 'TASKWIRE_ENQUEUE_BURST',
    help: 'tasks that one owner may enqueue at once, after a rest',
    on: { dev: '1000', server: '1000' },
    parse: (text) => wholeNumber(text, 1, 1_000_000),
  }),
  maxWaitingPerOwner: setting({
    flag: '--max-waiting-per-owner',
    value: 'number|off',
    env: 'TASKWIRE_MAX_WAITING_PER_OWNER',
    help: 'tasks of one owner that may be QUEUED or SCHEDULED, in all queues together',
    on: { dev: '10000', server: '10000' },
    parse: (text) => wholeNumberOrOff(text, 1, 1_000_000_000),
  }),
  unauthenticatedRate: setting({
    flag: '--unauthenticated-rate',
    value: 'number|off',
    env: 'TASKWIRE_UNAUTHENTICATED_RATE',
    help: 'requests without valid credentials that one address may send a minute, to all API processes',
    on: { dev: '60', server: '60' },
    parse: (text) => wholeNumberOrOff(text, 1, 1_000_000),
  }),
  trustProxy: setting({
    flag: '--trust-proxy',
    value: 'hops',
    env: 'TASKWIRE_TRUST_PROXY',
    help: 'how many proxies stand in front of the API, each of which adds to X-Forwarded-For who has asked it',
    on: { server: '0' },
    parse: (text) => wholeNumber(text, 0, 10),
  }),
  auditEnqueues: setting({
    flag: '--audit-enqueues',
    value: 'on|off',
    env: 'TASKWIRE_AUDIT_ENQUEUES',
    help: 'write down who enqueued what, as the audit does of all other mutations',
    on: { dev: 'off', server: 'off' },
    parse: onOrOff,
  }),
  auditEntries: setting({
    flag: '--audit-entries',
    value: 'number',
    env: 'TASKWIRE_AUDIT_ENTRIES',
    help: 'how many events the audit keeps',
    on: { dev: '100000', server: '100000' },
    parse: (text) => wholeNumber(text, 100, 100_000_000),
  }),
  auditRetention: setting({
    flag: '--audit-retention',
    value: 'time',
    env: 'TASKWIRE_AUDIT_RETENTION',
    help: 'how long the audit keeps an event',
    on: { dev: '90d', server: '90d' },
    parse: duration,
  }),
  logLevel: setting({
    flag: '--log-level',
    value: 'level',
    env: 'LOG_LEVEL',
    help: `least important level that is logged: ${logLevels.join(', ')}`,
    on: { dev: 'info', server: 'info', worker: 'info' },
    parse: (text) => oneOf(text, logLevels),
  }),
  logFormat: setting({
    flag: '--log-format',
    value: 'format',
    env: 'LOG_FORMAT',
    help: 'pretty (lines for people) or json',
    otherwise: 'pretty on a terminal, else json',
    on: { dev: optional, server: optional, worker: optional },
    parse: (text) => oneOf(text, ['pretty', 'json'] as const),
  }),
  url: setting({
    flag: '--url',
    value: 'url',
    env: 'TASKWIRE_URL',
    help: 'GraphQL endpoint of a running API',
    on: {
      run: localApi,
      watch: localApi,
      logs: localApi,
      cancel: localApi,
      retry: localApi,
      queues: localApi,
      pause: localApi,
      resume: localApi,
      drain: localApi,
      purge: localApi,
    },
    parse: httpUrl,
  }),
};

type Table = typeof table;
type ValueOf<Key extends keyof Table> = ReturnType<Table[Key]['parse']>;

/** The settings of one command; `undefined` where there is neither a value nor a default. */
export type Settings<C extends Command> = {
  readonly [
    Key in keyof Table as C extends keyof Table[Key]['on'] ? Key : never
  ]: C extends keyof Table[Key]['on']
    ? Table[Key]['on'][C] extends typeof optional
      ? ValueOf<Key> | undefined
      : ValueOf<Key>
    : never;
};

/** What was given on the command line, by the setting's name; several values for a repeatable one. */
export type Flags = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Reads the settings of a command from its flags and the environment. An empty variable counts as unset.
 *
 * @throws ConfigurationError with one sentence for each bad or missing one: what was expected, what came, from where.
 */
export function readSettings<C extends Command>(
  command: C,
  flags: Flags,
  env: NodeJS.ProcessEnv,
): Settings<C> {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [name, entry] of settingsOf(command)) {
    const given = source(entry, flags[name], env);
    const fallback = entry.on[command];
    if (given === undefined) {
      if (fallback === required) problems.push(`${entry.env} (or ${entry.flag}) is needed: ${entry.help}.`);
      if (typeof fallback === 'string') settings[name] = entry.parse(fallback);
      continue;
    }
    try {
      const added = entry.addsToDefault === true && typeof fallback === 'string' ? `${fallback},` : '';
      settings[name] = entry.parse(`${added}${given.text}`);
    } catch (error) {
      const expected = error instanceof Error ? error.message : String(error);
      problems.push(`${given.from}: expected ${expected}, got '${withoutPassword(given.text)}'.`);
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  // Built key by key from the same table that the type is made of.
  return settings as Settings<C>;
}

/** The settings that a command reads, by name, in the table's order: for its flags and its help. */
export function settingsOf(command: Command): readonly (readonly [string, Setting<unknown, Defaults>])[] {
  return Object.entries<Setting<unknown, Defaults>>(table).filter(([, entry]) => command in entry.on);
}

/** What holds for a command without a value of its own, in words: a default, something else, or nothing. */
export function fallbackOf(entry: Setting<unknown, Defaults>, command: Command): string {
  const fallback = entry.on[command];
  if (fallback === required) return 'required';
  return typeof fallback === 'string' ? fallback : (entry.otherwise ?? '');
}

function source(
  entry: Setting<unknown, Defaults>,
  flag: string | readonly string[] | undefined,
  env: NodeJS.ProcessEnv,
): { text: string; from: string } | undefined {
  if (flag !== undefined) return { text: typeof flag === 'string' ? flag : flag.join(','), from: entry.flag };
  const value = env[entry.env];
  if (value === undefined || value.trim() === '') return undefined;
  return { text: value, from: `${entry.env} (${entry.flag})` };
}

function wholeNumber(text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text.trim()) && value >= least && value <= most) return value;
  throw new Error(`a whole number from ${least} to ${most}`);
}

function wholeNumberOrOff(text: string, least: number, most: number): number | false {
  if (text.trim() === 'off') return false;
  try {
    return wholeNumber(text, least, most);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}, or off`, { cause: error });
  }
}

function matching(text: string, pattern: RegExp, expected: string): string {
  if (pattern.test(text)) return text;
  throw new Error(expected);
}

function list(text: string, parse: (item: string) => string): readonly string[] {
  const items = text.split(',').map((item) => parse(item.trim()));
  return [...new Set(items)];
}

function oneOf<const Options extends readonly string[]>(text: string, options: Options): Options[number] {
  const found = options.find((option) => option === text);
  if (found !== undefined) return found;
  throw new Error(`one of ${options.join(', ')}`);
}

function onOrOff(text: string): boolean {
  if (['on', 'true', '1', 'yes'].includes(text)) return true;
  if (['off', 'false', '0', 'no'].includes(text)) return false;
  throw new Error('on or off');
}

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function duration(text: string): number {
  const found = /^(?<amount>\d{1,6})(?<unit>ms|s|m|h|d)$/.exec(text);
  const unit = found?.groups?.['unit'];
  if (unit === undefined) throw new Error("a time such as '500ms', '30s' or '5m'");
  // The pattern lets only these through.
  return Number(found?.groups?.['amount']) * unitsMs[unit as keyof typeof unitsMs];
}

/** A shorter lease would run out between two of its renewals. */
function atLeast(leastMs: number, timeMs: number): number {
  if (timeMs >= leastMs) return timeMs;
  throw new Error(`a time of at least ${leastMs}ms, such as '15s'`);
}

function redisUrl(text: string): string {
  parseRedisUrl(text);
  return text;
}

function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return text;
  throw new Error("an address such as 'http://127.0.0.1:4000/graphql'");
}

function origin(text: string): string {
  if (text === 'loopback') return text;
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new Error("origins such as 'https://app.example.com', or loopback, separated by commas");
}

/** A bad address may still hold a password, so whatever stands before an @ or is called a password isn't shown. */
function withoutPassword(text: string): string {
  return text.replace(/[^/@\s]*:[^@\s]*@/g, '***@').replace(/(password=)[^&\s]*/gi, '$1***');
}
