import { fileURLToPath } from 'node:url';
import type { Bench } from '../harness/figure.ts';
import { Program } from '../harness/program.ts';
import { freePort } from '../../support/redis-server.ts';

const folder = new URL('../', import.meta.url);
const peers = fileURLToPath(new URL('../peers/', import.meta.url));

/** A whole product: what enqueues tasks, runs them and tells clients. */
export interface System {
  readonly port: number;
  /** CPU of all its processes and of the store so far, in ms. */
  readonly cpuMs: () => number;
}

/** What to start. */
export interface SystemKind {
  readonly name: string;
  readonly missing?: string | undefined;
  readonly start: (stack: AsyncDisposableStack) => Promise<System>;
}

/** Taskwire: an API process and a worker process. */
export function taskwire({ store }: Bench): SystemKind {
  return {
    name: 'Taskwire',
    start: (stack) => ofModules(stack, store, ['taskwire/api.ts', 'taskwire/worker.ts']),
  };
}

/** BullMQ, Yoga's pub/sub and graphql-ws: an API process and a worker process. */
export function bullmq({ store, noPeers }: Bench): SystemKind {
  return {
    name: 'BullMQ + Yoga',
    missing: noPeers,
    start: (stack) => ofModules(stack, store, ['peers/bullmq-api.js', 'peers/bullmq-echo.js']),
  };
}

/** FastAPI under uvicorn, a Celery worker with two processes, clients that poll. */
export function celery({ store, python }: Bench): SystemKind {
  return {
    name: 'FastAPI + Celery',
    ...('missing' in python ? { missing: python.missing } : {}),
    async start(stack) {
      const command = 'path' in python ? python.path : 'python3';
      const port = await freePort();
      // A database of its own in the same Redis.
      const env = { BENCH_REDIS_URL: `${store.url}/1`, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' };
      const start = async (ready: RegExp, args: string) =>
        stack.use(await Program.spawn(command, args.split(' '), { cwd: peers, env, ready }));
      const programs = await Promise.all([
        start(/Application startup complete/, `-m uvicorn fastapi_app:app --port ${port} --no-access-log`),
        start(
          / ready\./,
          '-m celery -A celery_app worker --pool prefork --concurrency 2 ' +
            '--without-gossip --without-mingle --without-heartbeat --loglevel INFO',
        ),
      ]);
      return { port, cpuMs: () => sumOf(store, programs) };
    },
  };
}

async function ofModules(
  stack: AsyncDisposableStack,
  store: Bench['store'],
  modules: readonly string[],
): Promise<System> {
  const programs = await Promise.all(
    modules.map(async (module) => stack.use(await Program.fork(new URL(module, folder), store.url))),
  );
  return { port: programs[0]?.port ?? 0, cpuMs: () => sumOf(store, programs) };
}

function sumOf(store: Bench['store'], programs: readonly Program[]): number {
  return programs.reduce((sum, program) => sum + program.cpuMs(), store.cpuMs());
}
