import type { Redis } from './connection.ts';

/** What a server says of itself. `undefined` is what it doesn't tell: a managed one hides much, and so do ACLs. */
export interface ServerFacts {
  readonly info: Facts | undefined;
  readonly config: Facts | undefined;
  /** Masters of the cluster that the server is part of; undefined where it is part of none. */
  readonly clusterSize: number | undefined;
  /** The median of a few PINGs. */
  readonly latencyMs: number;
  /** This process' clock against the server's. */
  readonly skewMs: number | undefined;
  /** Also undefined where nobody asked for them. */
  readonly slowCalls: readonly SlowCall[] | undefined;
}

/** Fields of INFO, or parameters of the configuration. */
export type Facts = Readonly<Record<string, string>>;

/** A command in the server's slow log. */
export interface SlowCall {
  readonly at: number;
  readonly ms: number;
  readonly command: readonly string[];
}

/** Asks a server how it is; changes nothing. Whatever but a refusal goes wrong is thrown. */
export async function readServerFacts(
  redis: Redis,
  { withSlowLog = true }: { readonly withSlowLog?: boolean } = {},
): Promise<ServerFacts> {
  const latencyMs = await latencyOf(redis);
  const [info, config] = await Promise.all([
    unlessRefused(() => redis.info()),
    unlessRefused(() => readConfig(redis)),
  ]);
  const facts = info === undefined ? undefined : parseInfo(info);
  const isCluster = facts?.['cluster_enabled'] === '1';
  const cluster = isCluster ? await unlessRefused(() => redis.cluster('INFO')) : undefined;
  return {
    info: facts,
    config,
    clusterSize: cluster === undefined ? undefined : Number(parseInfo(cluster)['cluster_size'] ?? 0),
    latencyMs,
    skewMs: await unlessRefused(() => skewOf(redis)),
    slowCalls: withSlowLog ? await unlessRefused(() => readSlowLog(redis)) : undefined,
  };
}

/** Whether it is the store that `taskwire dev` brings along, by what its INFO says. */
export function isEmbedded(info: Facts): boolean {
  return info['os']?.startsWith('wasi') === true;
}

/** How many keys the database has; undefined where the server doesn't tell. */
export async function readKeyCount(redis: Redis): Promise<number | undefined> {
  return await unlessRefused(() => redis.dbsize());
}

/** What a server says in its greeting, also to who may not ask for INFO: its name, version and role. */
export async function readGreeting(redis: Redis): Promise<Facts> {
  const answer: unknown = await unlessRefused(() => redis.call('HELLO'));
  if (!Array.isArray(answer)) return {};
  // Names and values by turns.
  return Object.fromEntries(
    answer.flatMap((name, index) => (index % 2 === 0 ? [[String(name), String(answer[index + 1])]] : [])),
  );
}

/** Undefined where the server refuses the command: it doesn't know it, or this user may not. */
async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Error && error.name === 'ReplyError' && /^(ERR|NOPERM)/.test(error.message))
      return undefined;
    throw error;
  }
}

/** A server that can't write to disk refuses even this, and yet answers all that is asked here. */
export async function ping(redis: Redis): Promise<void> {
  try {
    await redis.ping();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('MISCONF')) throw error;
  }
}

async function latencyOf(redis: Redis): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < 5; count += 1) {
    const start = performance.now();
    await ping(redis);
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[2] ?? 0;
}

async function skewOf(redis: Redis): Promise<number> {
  const before = Date.now();
  const [seconds, micros] = await redis.time();
  // The server read its clock somewhere in between.
  return (before + Date.now()) / 2 - (Number(seconds) * 1_000 + Number(micros) / 1_000);
}

const parameters = ['appendfsync', 'save', 'stop-writes-on-bgsave-error', 'min-replicas-to-write'] as const;

async function readConfig(redis: Redis): Promise<Facts> {
  const answers = await Promise.all(parameters.map((parameter) => redis.config('GET', parameter)));
  return Object.fromEntries(
    answers.flatMap(([, value], index) => {
      const parameter = parameters[index];
      return parameter === undefined || value === undefined ? [] : [[parameter, value]];
    }),
  );
}

async function readSlowLog(redis: Redis): Promise<SlowCall[]> {
  const entries: unknown = await redis.slowlog('GET', 128);
  if (!Array.isArray(entries)) return [];
  return entries.filter(Array.isArray).map(([, at, micros, command]: readonly unknown[]) => ({
    at: Number(at) * 1_000,
    ms: Number(micros) / 1_000,
    command: Array.isArray(command) ? command.map(String) : [],
  }));
}

function parseInfo(text: string): Facts {
  const fields = text.split('\r\n').map((line) => /^([^#:]+):(.*)$/.exec(line) ?? []);
  return Object.fromEntries(
    fields.flatMap(([, name, value]) => (name && value !== undefined ? [[name, value]] : [])),
  );
}
