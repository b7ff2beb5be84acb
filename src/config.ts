import { ConfigurationError } from './errors.ts';
import type { LogLevel } from './logger.ts';
import { authSettings, authProblems, type AuthSettings } from './auth-settings.ts';
import { telemetrySettings } from './telemetry-settings.ts';
import { type Command, type Defaults, optional, required, setting, type Setting } from './setting.ts';
import {
  atLeast,
  duration,
  httpUrl,
  list,
  matching,
  oneOf,
  onOrOff,
  origin,
  redisUrl,
  wholeNumber,
  wholeNumberOrOff,
  withoutPassword,
} from './setting-values.ts';

export { type Command, commands } from './setting.ts';

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
  ...authSettings,
  redisUrl: setting({
    flag: '--redis-url',
    value: 'url',
    env: 'REDIS_URL',
    help: 'the Redis or Valkey that keeps the tasks; of a Sentinel set, redis+sentinel://host1,host2/mymaster',
    otherwise: 'an embedded store',
    on: { dev: optional, server: required, worker: required, doctor: required, token: required },
    parse: redisUrl,
  }),
  prefix: setting({
    flag: '--prefix',
    value: 'name',
    env: 'TASKWIRE_PREFIX',
    help: 'first part of every key in Redis; API and workers need the same',
    on: { dev: 'tw', server: 'tw', worker: 'tw', doctor: 'tw', token: 'tw' },
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
  dashboard: setting({
    flag: '--dashboard',
    value: 'on|off',
    env: 'TASKWIRE_DASHBOARD',
    help: 'serve the dashboard at /',
    on: { dev: 'on', server: 'on' },
    parse: onOrOff,
  }),
  basePath: setting({
    flag: '--base-path',
    value: 'path',
    env: 'TASKWIRE_BASE_PATH',
    help: 'path below which browsers find the API and its pages, as behind a proxy',
    on: { dev: '/', server: '/' },
    parse: (text) => matching(text, /^\/(?:[A-Za-z0-9._~-]+\/?)*$/, 'a path such as /taskwire'),
  }),
  ...telemetrySettings,
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
      workers: localApi,
      pause: localApi,
      resume: localApi,
      drain: localApi,
      purge: localApi,
    },
    parse: httpUrl,
  }),
  token: setting({
    flag: '--token',
    value: 'token',
    env: 'TASKWIRE_TOKEN',
    help: 'signs in to the API: an API token, a JWT or a watch token; on a command line others can see it',
    otherwise: 'none',
    isSecret: true,
    on: {
      run: optional,
      watch: optional,
      logs: optional,
      cancel: optional,
      retry: optional,
      queues: optional,
      workers: optional,
      pause: optional,
      resume: optional,
      drain: optional,
      purge: optional,
    },
    parse: (text) => matching(text, /^[\x21-\x7e]+$/, 'a token, which has no spaces'),
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
      const got = entry.isSecret === true ? 'something else' : `'${withoutPassword(given.text)}'`;
      problems.push(`${given.from}: expected ${expected}, got ${got}.`);
    }
  }
  // `auth` is there with all others of its table.
  if (problems.length === 0 && 'auth' in settings) {
    problems.push(...authProblems(settings as unknown as AuthSettings));
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
