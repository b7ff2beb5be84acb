import type { Bench } from '../harness/figure.ts';
import type { SocketProtocol } from '../load/sockets.ts';

/** A server that tells sockets of tasks, what changes these, and how to speak with it. */
export interface SocketServer {
  readonly name: string;
  readonly missing?: string | undefined;
  readonly server: readonly [module: string, ...args: string[]];
  /** The module of what changes its tasks. */
  readonly driver: string;
  readonly protocol: SocketProtocol;
}

function graphql(fields: string): SocketProtocol {
  const query = `subscription ($id: ID!) { taskUpdated(id: $id) { ${fields} } }`;
  return {
    path: '/graphql',
    subprotocol: 'graphql-transport-ws',
    hello: { sent: '{"type":"connection_init"}', answer: '{"type":"connection_ack"' },
    watch: `{"id":"1","type":"subscribe","payload":{"query":${JSON.stringify(query)},"variables":{"id":"$ID"}}}`,
    event: '{"id":"1","type":"next"',
  };
}

/** Taskwire first, then those beside it; all send the same fields. The drivers are as few as there are kinds. */
export function socketServers(
  { store, noPeers }: Bench,
  fields = 'id status version progress { fraction message }',
): SocketServer[] {
  const { url } = store;
  return [
    {
      name: 'Taskwire',
      server: ['taskwire/api.ts', url],
      driver: 'taskwire/driver.ts',
      protocol: graphql(fields),
    },
    {
      name: 'raw ws',
      server: ['peers/raw-ws.js', url],
      driver: 'peers/driver.js',
      protocol: { path: '/', watch: '$ID', event: '{"id":' },
    },
    {
      name: 'Yoga + graphql-ws',
      server: ['peers/yoga-ws.js', url],
      driver: 'peers/driver.js',
      protocol: graphql(fields),
    },
    {
      name: 'socket.io + Redis adapter',
      missing: noPeers,
      server: ['peers/socket-io.js', url],
      driver: 'peers/driver.js',
      protocol: {
        path: '/socket.io/?EIO=4&transport=websocket',
        hello: { sent: '40', answer: '40' },
        watch: '42["watch","$ID"]',
        event: '42["task"',
        ping: { asks: '2', answer: '3' },
      },
    },
  ];
}
