import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../config.ts';
import { displayUrl } from '../redis/address.ts';
import { connectOnce, defaultPrefix, type Redis, type RedisSettings } from '../redis/connection.ts';
import { ping, readServerFacts } from '../redis/server-facts.ts';
import { inspectQueue, type QueueState } from '../tasks/inspect.ts';
import { Store } from '../tasks/store.ts';
import { version } from '../version.ts';
import { fleetFindings } from './doctor-fleet.ts';
import { orphansFinding } from './doctor-orphans.ts';
import { queueFindings } from './doctor-queue.ts';
import { reachableFinding, unreachableFinding } from './doctor-reach.ts';
import { serverFindings } from './doctor-server.ts';
import { exitCodes } from './exit.ts';
import { type Finding, finding, formatFindings } from './finding.ts';

/** `taskwire doctor`: examines the store and its queues, prints what it found, and ends with 1 when a check failed. */
export async function doctor(settings: Settings<'doctor'>, asJson: boolean): Promise<number> {
  const { redisUrl, prefix } = settings;
  const findings = await examine({ url: redisUrl, prefix });
  const store = displayUrl(redisUrl);
  const ok = findings.every(({ mark }) => mark !== 'FAIL');
  const report = asJson
    ? `${JSON.stringify({ ok, store, prefix, version, findings }, undefined, 2)}\n`
    : `${store}, prefix ${prefix}\n\n${formatFindings(findings)}`;
  process.stdout.write(report);
  return ok ? exitCodes.ok : exitCodes.failure;
}

/** How long an answer of the store may take, as may the search for orphans and the whole examination. */
const [answerMs, orphansMs, wholeMs] = [3_000, 10_000, 30_000];

/** Examines the store, in bounded time whatever state it is in, and changes nothing. */
export async function examine({ url, prefix = defaultPrefix }: RedisSettings): Promise<Finding[]> {
  const findings: Finding[] = [];
  // Sick servers are what it is for.
  const redis = connectOnce(url, answerMs);
  let reason: unknown;
  redis.on('error', (error: Error) => (reason = error));
  const bound = setTimeout(() => redis.disconnect(), wholeMs);
  try {
    await redis.connect();
    await ping(redis);
    findings.push(reachableFinding());
    findings.push(...serverFindings(await readServerFacts(redis), prefix));
    findings.push(...(await examineQueues(redis, prefix)));
  } catch (error) {
    // A mistake of ours says nothing about the store.
    if (error instanceof TypeError) throw error;
    findings.push(unreachableFinding(reason ?? error, findings.length > 0));
  } finally {
    clearTimeout(bound);
    redis.disconnect();
  }
  return findings;
}

async function examineQueues(redis: Redis, prefix: string): Promise<Finding[]> {
  const store = new Store(redis, prefix);
  const queues = (await store.queues()).toSorted();
  if (queues.length === 0) {
    const found = `no process has ever used this store with the prefix '${prefix}'`;
    return [
      finding('queues', 'warn', found, 'Check --prefix and the database of --redis-url, or start a worker.'),
    ];
  }
  const findings: Finding[] = [];
  const states: QueueState[] = [];
  const orphansUntil = performance.now() + orphansMs;
  for (const queue of queues) {
    const first = await inspectQueue(redis, prefix, queue);
    const state = isStuck(first) ? await inspectLater(redis, prefix, queue) : first;
    states.push(state);
    findings.push(
      ...queueFindings(state, first),
      await orphansFinding(store, queue, orphansUntil - performance.now()),
    );
  }
  return [...findings, ...fleetFindings(states, version)];
}

/** Whether something fails in it that an earlier look, without the same tasks, would excuse. */
function isStuck(state: QueueState): boolean {
  const failures = (before: QueueState): number =>
    queueFindings(state, before).filter(({ mark }) => mark === 'FAIL').length;
  return failures(state) > failures({ ...state, lines: [] });
}

/** The clocks wake what waits once a second; what still waits then isn't just between two slots. */
async function inspectLater(redis: Redis, prefix: string, queue: string): Promise<QueueState> {
  await delay(1_500);
  return await inspectQueue(redis, prefix, queue);
}
