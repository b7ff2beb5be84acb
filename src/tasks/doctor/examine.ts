import { setTimeout as delay } from 'node:timers/promises';
import { connectOnce, defaultPrefix, type Redis, type RedisSettings } from '../../redis/connection.ts';
import { ping, readServerFacts } from '../../redis/server-facts.ts';
import { version } from '../../version.ts';
import { inspectQueue, type QueueState } from '../inspect.ts';
import { Store } from '../store.ts';
import { type Finding, finding } from './finding.ts';
import { fleetFindings } from './fleet.ts';
import { orphansFinding } from './orphans.ts';
import { queueFindings } from './queue.ts';
import { reachableFinding, unreachableFinding } from './reach.ts';
import { serverFindings } from './server.ts';

/** How long an answer of the store may take, as may the search for orphans and the whole examination. */
const [answerMs, orphansMs, wholeMs] = [3_000, 10_000, 30_000];

/** Examines the store by a connection of its own, in bounded time whatever state it is in, and changes nothing. */
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
    const examined = await examineQueue(() => inspectQueue(redis, prefix, queue));
    states.push(examined.state);
    findings.push(...examined.findings, await orphansFinding(store, queue, orphansUntil - performance.now()));
  }
  return [...findings, ...fleetFindings(states, { name: 'this command', version })];
}

/** What is well and what isn't about a queue, by a look at it; where it seems to be stuck by another one a moment later. */
export async function examineQueue(
  look: () => Promise<QueueState>,
): Promise<{ readonly state: QueueState; readonly findings: readonly Finding[] }> {
  const first = await look();
  if (!isStuck(first)) return { state: first, findings: queueFindings(first) };
  // The clocks wake what waits once a second; what still waits then isn't just between two slots.
  await delay(1_500, undefined, { ref: false });
  const state = await look();
  return { state, findings: queueFindings(state, first) };
}

/** Whether something fails in it that an earlier look, without the same tasks, would excuse. */
function isStuck(state: QueueState): boolean {
  const failures = (before: QueueState): number =>
    queueFindings(state, before).filter(({ mark }) => mark === 'FAIL').length;
  return failures(state) > failures({ ...state, lines: [] });
}
