import { isEmbedded, type Facts, type ServerFacts } from '../../redis/server-facts.ts';
import { showBytes, showCount, showTime } from '../../quantity.ts';
import type { Check } from './checks.ts';
import { durabilityFindings } from './durability.ts';
import { type Finding, finding } from './finding.ts';
import { roleFinding } from './role.ts';
import { nearPart, skewFailMs, skewWarnMs, slowPingMs } from './thresholds.ts';

/** What is well and what isn't about the server that holds the tasks. */
export function serverFindings(facts: ServerFacts, prefix: string): Finding[] {
  const { info } = facts;
  return [
    ...(info === undefined
      ? [finding('server', 'unknown', 'this user may not ask for INFO, so most of the server stays unknown')]
      : [versionFinding(info), roleFinding(info, facts), ...durabilityFindings(info, facts.config)]),
    ...(info === undefined ? [] : [memoryFinding(info), clientsFinding(info)]),
    latencyFinding(facts.latencyMs),
    skewFinding('clock', 'the clock of this machine', facts.skewMs),
    slowFinding(facts, prefix),
  ];
}

/** ZRANGE … BYSCORE and SET … PXAT came with it, LPOS with 6.0.6. */
const [leastMajor, leastMinor] = [6, 2];

function versionFinding(info: Facts): Finding {
  const compatible = info['redis_version'] ?? '';
  const { name, version } = productOf(info);
  const [major = 0, minor = 0] = compatible.split('.').map(Number);
  const needed = `${leastMajor}.${leastMinor}`;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) {
    const embedded = isEmbedded(info) ? ', the embedded store' : '';
    return finding('server', 'ok', `${name} ${version}${embedded} (Redis ${needed} or newer is needed)`);
  }
  return finding(
    'server',
    'FAIL',
    `${name} ${version}: the scripts need what came with Redis ${needed}`,
    `Run Redis ${needed} or newer, or any Valkey.`,
  );
}

/** What the server calls itself. Valkey and others say in `redis_version` which Redis they are compatible with. */
export function productOf(info: Facts): { readonly name: string; readonly version: string | undefined } {
  const { valkey_version: valkey, dragonfly_version: dragonfly, redis_version: redis } = info;
  if (valkey !== undefined) return { name: 'Valkey', version: valkey };
  if (dragonfly !== undefined) return { name: 'Dragonfly', version: dragonfly };
  return { name: 'Redis', version: redis };
}

function memoryFinding(info: Facts): Finding {
  const [used, limit] = [Number(info['used_memory'] ?? 0), Number(info['maxmemory'] ?? 0)];
  const policy = info['maxmemory_policy'] ?? 'unknown';
  if (limit === 0) {
    const machine = Number(info['total_system_memory'] ?? 0);
    const found = `${showBytes(used)} used, without a limit${machine > 0 ? `, of the machine's ${showBytes(machine)}` : ''}`;
    if (policy !== 'noeviction' && policy !== 'unknown') {
      const todo = 'Set maxmemory-policy noeviction, before a limit is set: it would remove tasks.';
      return finding('memory', 'warn', `${found}; maxmemory-policy ${policy}`, todo);
    }
    if (machine > 0 && used > nearPart * machine) {
      return finding(
        'memory',
        'warn',
        found,
        'Give the machine more memory, or shorten the retention of tasks.',
      );
    }
    return finding('memory', 'ok', found);
  }
  const found = `${showBytes(used)} of ${showBytes(limit)} used, maxmemory-policy ${policy}`;
  if (policy !== 'noeviction') {
    const todo = 'Set maxmemory-policy noeviction: this one removes tasks when the memory is full.';
    return finding('memory', 'FAIL', found, todo);
  }
  if (used > nearPart * limit) {
    const todo = 'Raise maxmemory, or shorten the retention of tasks: a full store refuses new ones.';
    return finding('memory', 'warn', found, todo);
  }
  return finding('memory', 'ok', found);
}

function clientsFinding(info: Facts): Finding {
  const [clients, most] = [Number(info['connected_clients'] ?? 0), Number(info['maxclients'] ?? 0)];
  if (most === 0) return finding('clients', 'ok', showCount(clients, 'connection'));
  const found = `${showCount(clients, 'connection')} of ${most}`;
  if (clients <= nearPart * most) return finding('clients', 'ok', found);
  return finding(
    'clients',
    'warn',
    found,
    'Raise maxclients: a worker needs two connections and one for each queue.',
  );
}

function latencyFinding(latencyMs: number): Finding {
  const found = `a round trip takes ${showTime(latencyMs)}`;
  if (latencyMs < slowPingMs) return finding('latency', 'ok', found);
  return finding(
    'latency',
    'warn',
    found,
    'Bring API and workers nearer to the store: each task takes several.',
  );
}

/** Dates of retries, and tokens of watchers, are made by one clock and read by another. */
export function skewFinding(check: Check, whose: string, skewMs: number | undefined): Finding {
  if (skewMs === undefined) return finding(check, 'unknown', "this user may not ask for the store's TIME");
  const size = Math.abs(skewMs);
  if (size <= skewWarnMs) return finding(check, 'ok', `${whose} is within a second of the store's`);
  const found = `${whose} is ${showTime(size)} ${skewMs > 0 ? 'ahead of' : 'behind'} the store's`;
  const todo = 'Let NTP set the clocks of both machines: dates such as retryAfter are off by as much.';
  return finding(check, size > skewFailMs ? 'FAIL' : 'warn', found, todo);
}

/** Scripts of ours in the slow log, whose first key is a queue's root. */
function slowFinding({ slowCalls }: ServerFacts, prefix: string): Finding {
  if (slowCalls === undefined)
    return finding('slow scripts', 'unknown', 'this user may not read the slow log');
  const ours = slowCalls.filter(
    ({ command: [name, , , key] }) =>
      /^(evalsha|fcall)$/i.test(name ?? '') && key?.startsWith(`${prefix}:{`) === true,
  );
  const slowest = ours.toSorted((a, b) => b.ms - a.ms)[0];
  if (slowest === undefined)
    return finding('slow scripts', 'ok', 'none of ours among the last in the slow log');
  const [, , , key = ''] = slowest.command;
  const when = new Date(slowest.at).toISOString();
  return finding(
    'slow scripts',
    'ok',
    `${ours.length} in the slow log, the slowest took ${showTime(slowest.ms)} on ${key} at ${when}`,
  );
}
