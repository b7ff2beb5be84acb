import { cacheExchange, type KeyGenerator } from '@urql/exchange-graphcache';
import type { Exchange } from 'urql';

/** Things without an id of their own live in what holds them. */
const embedded: KeyGenerator = () => null;

const byName: KeyGenerator = ({ name }) => (typeof name === 'string' ? name : null);

const named: Readonly<Record<string, KeyGenerator>> = { Queue: byName, TaskDefinition: byName };

/** The normalised cache: whatever tells something of a task or a queue, all that show it know. */
export function cache(): Exchange {
  return cacheExchange({
    keys: new Proxy(named, {
      // Types of tasks come with their definitions, and have ids as all nodes do.
      get: (known, type: string) => known[type] ?? (nodes.test(type) ? undefined : embedded),
    }),
  });
}

const nodes = /Task$|^(?:Batch|Schedule|Worker|ApiToken|AuditEvent)$/;
