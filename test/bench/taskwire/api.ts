import { openAuthentication } from '../../../src/auth/authentication.ts';
import { createLogger } from '../../../src/logger.ts';
import { createServer } from '../../../src/server/server.ts';
import type { EnqueuedTask } from '../../../src/tasks/draft.ts';
import { connectTasks } from '../../../src/tasks/tasks.ts';
import { serveCalls } from '../harness/child.ts';
import { definitions } from './definitions.ts';
import { tracesOf } from './telling.ts';

// Taskwire's API: `api.ts REDIS_URL [store|memory|token|unbounded] [traces]`. With `memory` nothing is enqueued: what is left is the HTTP
// layer. With `token` clients sign in, each within bounds that aren't reached; with `unbounded` there are none.
const [url = '', mode = 'store'] = process.argv.slice(2);
const logger = createLogger({ level: 'error' });
const redis = { url, prefix: 'bench' };
const traces = await tracesOf(process.argv[4], logger);
const tasks = await connectTasks({ redis, definitions, logger, traces });
if (mode === 'memory') Object.defineProperty(tasks, 'enqueue', { value: fromMemory });
// All load comes from one address here.
const [sockets, connections] = [{ maxPerAddress: 20_000, maxPerOwner: 20_000 }, { maxPerAddress: 20_000 }];
const { authenticator, apiTokens } = await openAuthentication(
  mode === 'token' || mode === 'unbounded' ? { tokens: true } : 'open',
  { redis, connection: tasks.connection, logger },
);
const most = 1_000_000;
const { port } = await createServer({
  tasks,
  authenticator,
  rates:
    mode === 'unbounded'
      ? { enqueues: false, maxWaitingPerOwner: false }
      : { enqueues: { perSecond: most, burst: most }, maxWaitingPerOwner: most * 1_000 },
  logger,
  sockets,
  connections,
}).listen(0);
serveCalls(
  { port },
  {
    /** Connections of this process, to clients and to Redis. */
    connections: () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length,
    token: async () =>
      (await apiTokens?.create({ owner: 'bench', scopes: ['tasks:read', 'tasks:write'] }))?.token,
  },
);

async function fromMemory(name: string, input: { n: number }): Promise<EnqueuedTask> {
  return {
    id: `default:01KB2V5Y8Z000000000${input.n}`,
    name,
    queue: 'default',
    status: 'QUEUED',
    version: 1,
    attempt: 0,
    maxAttempts: 3,
    failedAttempts: 0,
    attempts: [],
    createdAt: 0,
    createdUs: 0,
    tags: [],
    owner: 'anonymous',
    definitionVersion: 'v1',
    deduplicated: false,
    debounced: false,
  };
}
