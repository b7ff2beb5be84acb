// GraphQL Yoga and graphql-ws as Yoga's page on subscriptions has it, fed by Redis: `yoga-ws.js REDIS_URL`.
import { createServer } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { serveCalls } from '../harness/child.ts';
import { useYoga } from './yoga-sockets.js';
import { redisPubSub } from './yoga-pub-sub.js';

const pubSub = redisPubSub(process.argv[2]);
const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: `
      enum Status { QUEUED RUNNING SUCCEEDED }
      type Progress { fraction: Float message: String data: Float }
      type Task { id: ID! status: Status! version: Int! progress: Progress }
      type Query { ok: Boolean }
      type Subscription { taskUpdated(id: ID!): Task! }
    `,
    resolvers: {
      Subscription: {
        taskUpdated: {
          async *subscribe(_, { id }) {
            const changes = pubSub.subscribe(id);
            yield { id, status: 'RUNNING', version: 0, progress: null };
            yield* changes;
          },
          resolve: (task) => task,
        },
      },
    },
  }),
});
const server = createServer(yoga);
useServer(useYoga(yoga), new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false }));
server.listen(0, '127.0.0.1', () => serveCalls({ port: server.address().port }));
