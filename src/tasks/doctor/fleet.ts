import type { QueueState } from '../inspect.ts';
import { type Finding, finding } from './finding.ts';
import { liveWorkers } from './leases.ts';
import { skewFinding } from './server.ts';

/** Who examines, and of which version of Taskwire it is. */
export interface Examiner {
  /** As in 'this command'. */
  readonly name: string;
  readonly version: string;
}

/** Whether all workers, and who examines, are of one version and agree about the time. */
export function fleetFindings(queues: readonly QueueState[], examiner: Examiner): Finding[] {
  // A worker is present in each queue that it serves.
  const workers = new Map(queues.flatMap(liveWorkers).map((worker) => [worker.id, worker]));
  const furthest = [...workers.values()].toSorted((a, b) => Math.abs(b.skewMs) - Math.abs(a.skewMs))[0];
  return [
    packageFinding(
      [...workers.values()].map((worker) => worker.version),
      examiner,
    ),
    definitionFinding(queues),
    ...(furthest === undefined
      ? []
      : [skewFinding('worker clocks', `the clock of ${furthest.id} (${furthest.host})`, furthest.skewMs)]),
  ];
}

function packageFinding(workers: readonly string[], { name, version: own }: Examiner): Finding {
  const check = 'versions';
  const counts = Object.entries(Object.groupBy(workers, (version) => version));
  const found = [
    `${name} ${own}`,
    ...counts.map(([version, who]) => `${who?.length ?? 0} × worker ${version}`),
  ];
  if (counts.every(([version]) => version === own)) return finding(check, 'ok', found.join(', '));
  return finding(check, 'warn', found.join(', '), 'Bring all processes to one version of Taskwire.');
}

function definitionFinding(queues: readonly QueueState[]): Finding {
  const check = 'definitions';
  const versions = new Map<string, Set<string>>();
  const note = (name: string, version: string): unknown =>
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  for (const queue of queues) {
    for (const { name, version } of queue.lines) note(name, version);
    for (const line of liveWorkers(queue).flatMap(({ lines }) => lines)) {
      const [name = '', version = ''] = line.split(':');
      note(name, version);
    }
  }
  const several = [...versions].filter(([, all]) => all.size > 1);
  if (several.length === 0)
    return finding(check, 'ok', 'each has one version among workers and waiting tasks');
  const found = several
    .map(([name, all]) => `${name} has versions ${[...all].toSorted().join(', ')}`)
    .join('; ');
  return finding(
    check,
    'warn',
    found,
    'As while a release is rolled out. Workers take tasks of their own version only.',
  );
}
