import type { Facts, ServerFacts } from '../../redis/server-facts.ts';
import { showCount } from '../../quantity.ts';
import { type Finding, finding } from './finding.ts';

/** Whether it is a server that takes writes, and the only one that has to be talked to. */
export function roleFinding(info: Facts, { clusterSize, config }: Omit<ServerFacts, 'info'>): Finding {
  const mode = info['redis_mode'] ?? info['server_mode'];
  const [role, replicas] = [info['role'], Number(info['connected_slaves'] ?? 0)];
  if (mode === 'sentinel') {
    return finding(
      'role',
      'FAIL',
      'this is a Sentinel, not a store',
      'Give the address of the master that it watches.',
    );
  }
  if (role !== undefined && role !== 'master') {
    return finding(
      'role',
      'FAIL',
      `a replica of ${info['master_host'] ?? 'another server'}:${info['master_port'] ?? ''}, which refuses writes`,
      'Give the address of the master.',
    );
  }
  const lacking = lackingReplicas(info, config);
  if (lacking !== undefined) {
    return finding(
      'role',
      'FAIL',
      `has ${lacking} that it must have: it refuses writes`,
      'Start its replicas, or lower min-replicas-to-write.',
    );
  }
  if (info['cluster_enabled'] === '1') {
    const size = clusterSize === undefined ? 'unknown size' : showCount(clusterSize, 'master');
    return finding(
      'role',
      clusterSize === 1 ? 'warn' : 'FAIL',
      `a node of a Redis Cluster (${size}); Taskwire talks to this one node only`,
      'Take a server outside of a cluster, or a cluster of one master that holds all slots.',
    );
  }
  // A failover may lose what the master had acknowledged and not yet passed on.
  const copies =
    replicas === 0 ? 'no replicas' : `${showCount(replicas, 'replica')}, written to asynchronously`;
  return finding('role', 'ok', `a master with ${copies}`);
}

/** '0 of 1 replicas', where fewer keep up with the master than it wants before it takes a write. */
function lackingReplicas(info: Facts, config: Facts | undefined): string | undefined {
  // The server counts them only where a limit is set.
  const good = info['min_slaves_good_slaves'];
  if (good === undefined) return undefined;
  const limit = config?.['min-replicas-to-write'];
  if (limit === undefined) return Number(good) === 0 ? 'none of the replicas' : undefined;
  return Number(good) < Number(limit) ? `${good} of ${limit} replicas` : undefined;
}
