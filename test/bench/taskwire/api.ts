import { openAuthenticator } from '../../../src/auth/authenticator.ts';
import { createLogger } from '../../../src/logger.ts';
import { createServer } from '../../../src/server/server.ts';
import type { EnqueuedTask } from '../../../src/tasks/draft.ts';
import { connectTasks } from '../../../src/tasks/tasks.ts';
import { serveCalls } from '../harness/child.ts';
import { definitions } from './definitions.ts';

// Taskwire's API: `api.ts REDIS_URL [memory]`. With `memory` nothing is enqueued: what is left is the HTTP layer.
const [url = '', mode = 'store'] = process.argv.slice(2);
const logger = createLogger({ level: 'error' });
const tasks = await connectTasks({ redis: { url, prefix: 'bench' }, definitions, logger });
if (mode === 'memory') Object.defineProperty(tasks, 'enqueue', { value: fromMemory });
// All load comes from one address here.
const [sockets, connections] = [{ maxPerAddress: 20_000 }, { maxPerAddress: 20_000 }];
const { port } = await createServer({
  tasks,
  authenticator: openAuthenticator,
  logger,
  sockets,
  connections,
}).listen(0);
serveCalls({ port });

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
