import { openAuthentication } from '../../../src/auth/authentication.ts';
import { createLogger } from '../../../src/logger.ts';
import { createServer } from '../../../src/server/server.ts';
import { connectTasks } from '../../../src/tasks/tasks.ts';
import { serveCalls } from '../../bench/harness/child.ts';
import { heldBytes } from '../../support/memory.ts';
import { untilAnswered } from './patience.ts';
import { definitions } from './tasks.ts';

// `api.ts REDIS_URL`: the API that serves the dashboard; clients sign in by tokens, which it makes for whoever started it.
const [url = ''] = process.argv.slice(2);
const logger = createLogger({ level: 'error' });
const redis = { url };
const tasks = await connectTasks({ redis, definitions, logger });
const { authenticator, apiTokens } = await openAuthentication(
  { tokens: true },
  { redis, connection: tasks.connection, logger },
);
const { port } = await createServer({ tasks, authenticator, apiTokens, logger }).listen(0);
serveCalls(
  { port },
  {
    token: async (owner: string, scopes: ('admin' | 'tasks:read')[]) =>
      (await untilAnswered(async () => await apiTokens?.create({ owner, scopes })))?.token,
    heldBytes,
  },
);
