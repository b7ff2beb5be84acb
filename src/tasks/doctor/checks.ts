import { showTime } from '../../quantity.ts';
import {
  busyMs,
  failingLeast,
  failingMinutes,
  failingPart,
  nearPart,
  overdueRemovalMs,
  patienceMs,
  skewFailMs,
  skewWarnMs,
  slowPingMs,
  unsweptMs,
  wokenMs,
} from './thresholds.ts';

const percent = (part: number): string => `${part * 100} %`;

/** All checks: what each looks at, and from when on it warns and fails. From this the table in docs/operations.md is made. */
export const checks = [
  { name: 'reachable', of: 'the store', warn: '', fail: 'it does not answer' },
  { name: 'server', of: 'the store', warn: '', fail: 'it is older than Redis 6.2' },
  {
    name: 'role',
    of: 'the store',
    warn: 'it is a Redis Cluster of one master',
    fail: 'it is a replica, a Sentinel or one of several masters, or has fewer replicas than it must have',
  },
  {
    name: 'persistence',
    of: 'the store',
    warn: 'snapshots only, `appendfsync no`, or the embedded store: by `taskwire doctor`, and where `NODE_ENV` is `production`',
    fail: 'a restart loses all tasks',
  },
  {
    name: 'disk',
    of: 'the store',
    warn: 'a snapshot or a rewrite failed',
    fail: 'a write to disk failed, and so it refuses writes',
  },
  {
    name: 'memory',
    of: 'the store',
    warn: `${percent(nearPart)} of it is used, or a policy would evict tasks once there is a limit`,
    fail: 'there is a limit, and a policy that evicts tasks',
  },
  { name: 'clients', of: 'the store', warn: `${percent(nearPart)} of its connections are taken`, fail: '' },
  { name: 'latency', of: 'the store', warn: `a round trip takes ${showTime(slowPingMs)}`, fail: '' },
  {
    name: 'clock',
    of: 'the store',
    warn: `its clock and that of who examines are ${showTime(skewWarnMs)} apart`,
    fail: `${showTime(skewFailMs)} apart`,
  },
  { name: 'slow scripts', of: 'the store', warn: '', fail: '' },
  {
    name: 'queues',
    of: 'the store',
    warn: 'nobody has ever used it with this prefix',
    fail: '',
  },
  {
    name: 'workers',
    of: 'each queue',
    warn: 'tasks wait, and there is no worker',
    fail: `they have waited for ${showTime(patienceMs)}, and the queue is not paused`,
  },
  {
    name: 'waiting',
    of: 'each queue, by definition',
    warn: `no worker serves what waits in its version; the oldest has waited for ${showTime(busyMs)}, behind busy slots, others, or at a limit`,
    fail: `no worker has served it for ${showTime(patienceMs)}; it has waited for ${showTime(wokenMs)} beside idle slots`,
  },
  {
    name: 'pause',
    of: 'each queue, by definition',
    warn: 'it is paused, and tasks wait; they are not called old then',
    fail: '',
  },
  { name: 'drain', of: 'each queue', warn: 'it is drained, and so takes no new tasks', fail: '' },
  {
    name: 'room',
    of: 'each queue with `maxWaiting`',
    warn: `more than ${percent(nearPart)} of it is taken`,
    fail: 'it is full, and new tasks are refused with `QUEUE_FULL`',
  },
  {
    name: 'failing',
    of: 'each queue, by definition',
    warn: `more than ${percent(failingPart)} of the attempts that ended in the last ${failingMinutes} minutes failed, and at least ${failingLeast}`,
    fail: '',
  },
  {
    name: 'leases',
    of: 'each queue',
    warn: 'the lease of a worker ran out, and its tasks are not taken back yet',
    fail: '',
  },
  {
    name: 'clocks',
    of: 'each queue',
    warn: `the removal of finished tasks is ${showTime(overdueRemovalMs)} behind`,
    fail: `no process looks after it, a task is ${showTime(patienceMs)} overdue, or a lost worker's tasks are not taken back for ${showTime(unsweptMs)}`,
  },
  { name: 'lane', of: 'each queue', warn: 'far more hints than slots are under way', fail: '' },
  {
    name: 'orphans',
    of: 'each queue; `taskwire doctor` alone',
    warn: '',
    fail: 'a crash left something behind',
  },
  { name: 'versions', of: 'all workers', warn: 'several versions of Taskwire are at work', fail: '' },
  {
    name: 'definitions',
    of: 'all workers',
    warn: 'a definition has several versions among workers and waiting tasks',
    fail: '',
  },
  {
    name: 'worker clocks',
    of: 'all workers',
    warn: `the clock of a worker and the store's are ${showTime(skewWarnMs)} apart`,
    fail: `${showTime(skewFailMs)} apart`,
  },
] as const;

/** What a finding is the result of. */
export type Check = (typeof checks)[number]['name'];
