import { fileURLToPath } from 'node:url';
import type { Bench } from '../harness/figure.ts';
import type { Program } from '../harness/program.ts';
import { freePort } from '../../support/redis-server.ts';

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
  readonly start: () => Promise<System>;
}

/** Taskwire: an API process and a worker process. */
export function taskwire(bench: Bench): SystemKind {
  return {
    name: 'Taskwire',
    start: () => ofModules(bench, ['taskwire/api.ts', 'taskwire/worker.ts']),
  };
}

/** BullMQ, Yoga's pub/sub and graphql-ws: an API process and a worker process. */
export function bullmq(bench: Bench): SystemKind {
  return {
    name: 'BullMQ + Yoga',
    missing: bench.noPeers,
    start: () => ofModules(bench, ['peers/bullmq-api.js', 'peers/bullmq-echo.js']),
  };
}

/**
 * FastAPI under uvicorn, a Celery worker, clients that poll. Of what was tried this is the fastest for tasks that do nothing,
 * and the one that takes the least CPU: `solo` before `prefork` with 2 processes and `threads`, handlers in the event loop
 * before handlers in threads.
 */
export function celery({ store, programs, python }: Bench): SystemKind {
  return {
    name: 'FastAPI + Celery',
    ...('missing' in python ? { missing: python.missing } : {}),
    async start() {
      const command = 'path' in python ? python.path : 'python3';
      const port = await freePort();
      // A database of its own in the same Redis.
      const env = { BENCH_REDIS_URL: `${store.url}/1`, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' };
      const spawn = async (ready: RegExp, args: string) =>
        await programs.spawn(command, args.split(' '), { cwd: peers, env, ready });
      const all = await Promise.all([
        spawn(/Uvicorn running on/, `-m uvicorn fastapi_app:app --port ${port} --no-access-log`),
        spawn(
          / ready\./,
          '-m celery -A celery_app worker --pool solo ' +
            '--without-gossip --without-mingle --without-heartbeat --loglevel INFO',
        ),
      ]);
      return { port, cpuMs: () => sumOf(store, all) };
    },
  };
}

async function ofModules({ store, programs }: Bench, modules: readonly string[]): Promise<System> {
  const all = await Promise.all(modules.map((module) => programs.start(module, store.url)));
  return { port: all[0]?.port ?? 0, cpuMs: () => sumOf(store, all) };
}

function sumOf(store: Bench['store'], programs: readonly Program[]): number {
  return programs.reduce((sum, program) => sum + program.cpuMs(), store.cpuMs());
}
