import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Observer } from './observer.ts';
import type { ChaosOptions } from './options.ts';
import type { Fault } from './plan.ts';
import { stablePort } from './port.ts';
import { type LogLine, Post } from './post.ts';
import { ChaosRedis } from './redis.ts';

const definitions = fileURLToPath(new URL('definitions.ts', import.meta.url));
const prefix = 'chaos';

/** How long a worker that gets SIGTERM may go on. */
const grace = '100ms';

export interface Logged {
  readonly first: string;
  times: number;
}

/** Everything that runs: Redis, the API and worker processes, and who looks on. */
export interface Stage extends AsyncDisposable {
  readonly redis: ChaosRedis;
  readonly observer: Observer;
  readonly apiUrls: readonly string[];
  /** The folder where each worker process writes what it ran. */
  readonly ledger: string;
  /** What the processes have logged from level `warn` on: the first of each message, and how often. */
  readonly logged: ReadonlyMap<string, Logged>;
  /** What the search for leftovers of a crash has mended, which no crash of a process should leave. */
  readonly mended: readonly string[];
  /** Does what a fault says; resolves when its cause is over. */
  carryOut(fault: Fault): Promise<void>;
  /** Resolves once every process serves. */
  steady(): Promise<void>;
  /** Processes that ended though nobody had killed them. */
  crashes(): string[];
  /** Forgets what was found in the act before. */
  turnPage(): void;
}

/** Starts all; resolves once every process serves. */
export async function openStage(redisServer: string, options: ChaosOptions): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const ledger = await mkdtemp(join(tmpdir(), 'taskwire-ledger-'));
  stack.defer(() => rm(ledger, { recursive: true, force: true }));
  const observer = stack.use(new Observer(prefix, 'default'));
  const redis = stack.use(await ChaosRedis.start(redisServer, (socket) => observer.look(socket)));

  const logged = new Map<string, Logged>();
  const mended: string[] = [];
  const onLine = ({ level, msg, mended: found = {}, text }: LogLine): void => {
    if (level < 40) return;
    const entry = logged.get(msg) ?? { first: text, times: 0 };
    entry.times += 1;
    logged.set(msg, entry);
    // A hint of a worker that was killed is what a kill leaves.
    if (Object.keys(found).some((kind) => kind !== 'hintsOfLostWorkers')) mended.push(JSON.stringify(found));
  };
  const env = {
    PATH: process.env['PATH'],
    REDIS_URL: redis.url,
    CHAOS_LEDGER: ledger,
    LOG_FORMAT: 'json',
    TASKWIRE_TASKS: definitions,
    TASKWIRE_PREFIX: prefix,
    TASKWIRE_AUTH: 'open',
    TASKWIRE_LEASE: `${options.leaseMs}ms`,
    TASKWIRE_GRACE: grace,
    TASKWIRE_CONCURRENCY: String(options.concurrency),
  };
  const post = (name: string, ...args: readonly string[]): Post =>
    stack.use(new Post(name, args, env, onLine));
  const ports = await Promise.all(Array.from({ length: options.apis }, () => stablePort()));
  const apis = ports.map((port, index) => post(`API ${index}`, 'server', '--port', String(port)));
  const workers = Array.from({ length: options.workers }, (_, index) => post(`worker ${index}`, 'worker'));
  const posts = [...apis, ...workers];
  // Should this process end before its time, by a mistake of ours or a Ctrl-C.
  const leaveNobody = (): void => {
    for (const post of posts) post.signal('SIGKILL');
    redis.signal('SIGKILL');
  };
  process.once('exit', leaveNobody);
  stack.defer(() => void process.off('exit', leaveNobody));
  const steady = async (): Promise<void> => {
    await Promise.all(posts.map((post) => post.ready()));
  };
  await steady();

  const parts = stack.move();
  return {
    redis,
    observer,
    apiUrls: ports.map((port) => `http://127.0.0.1:${port}/graphql`),
    ledger,
    logged,
    mended,
    carryOut: (fault) => carryOut(fault, { redis, observer, apis, workers }),
    steady,
    crashes: () => posts.flatMap(({ crashes }) => crashes),
    turnPage() {
      observer.turnPage();
      mended.length = 0;
      for (const { crashes } of posts) crashes.length = 0;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function carryOut(
  { kind, target, lastsMs }: Fault,
  {
    redis,
    observer,
    apis,
    workers,
  }: Pick<Stage, 'redis' | 'observer'> & Record<'apis' | 'workers', readonly Post[]>,
): Promise<void> {
  const post = (kind.endsWith('worker') ? workers : apis)[target];
  if (post === undefined) throw new Error(`there is nothing to ${kind} at ${target}`);
  switch (kind) {
    case 'kill worker':
    case 'kill API':
      return await post.end('SIGKILL');
    case 'stop worker':
      return await post.end('SIGTERM');
    case 'freeze worker':
      return await post.freeze(lastsMs);
    case 'cut API':
      return await redis.inTurn(() => observer.cut(post.pid));
    case 'kill Redis':
      return await redis.kill(lastsMs);
    case 'cut power':
      return await redis.cutPower(lastsMs);
  }
}
