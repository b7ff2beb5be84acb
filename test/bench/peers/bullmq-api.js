// The same product from parts: Yoga and graphql-ws, BullMQ, its QueueEvents told to Yoga's pub/sub. `bullmq-api.js REDIS_URL`.
import { createServer } from 'node:http';
import { Job, Queue, QueueEvents } from 'bullmq';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { Redis } from 'ioredis';
import { WebSocketServer } from 'ws';
import { serveCalls } from '../harness/child.ts';
import { useYoga } from './yoga-sockets.js';

const connect = () => new Redis(process.argv[2], { maxRetriesPerRequest: null });
const queue = new Queue('echo', {
  connection: connect(),
  // What its page recommends for production: finished jobs don't stay for ever.
  defaultJobOptions: { removeOnComplete: { count: 1_000 }, removeOnFail: { count: 5_000 } },
});
const pubSub = createPubSub();
const events = new QueueEvents('echo', { connection: connect() });
events.on('completed', ({ jobId, returnvalue }) =>
  pubSub.publish(jobId, { id: jobId, status: 'SUCCEEDED', output: returnvalue }),
);
events.on('active', ({ jobId }) => pubSub.publish(jobId, { id: jobId, status: 'RUNNING' }));
await events.waitUntilReady();

const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: `
      enum TaskStatus { QUEUED RUNNING SUCCEEDED }
      type Output { n: Int }
      type Echo { id: ID! status: TaskStatus! output: Output }
      type EchoPayload { task: Echo! }
      input EchoInput { n: Int! }
      type Query { ok: Boolean }
      type Mutation { echo(input: EchoInput!): EchoPayload! }
      type Subscription { echoUpdated(id: ID!): Echo! }
    `,
    resolvers: {
      Mutation: {
        async echo(_, { input }) {
          const { id } = await queue.add('echo', { n: input.n });
          return { task: { id, status: 'QUEUED' } };
        },
      },
      Subscription: {
        echoUpdated: {
          // Listens first and reads second, as the job may have ended before; ends with the job.
          async *subscribe(_, { id }) {
            const changes = pubSub.subscribe(id);
            // Asked for before anything else, as Yoga listens only from then on.
            let next = changes.next();
            const job = await Job.fromId(queue, id);
            if (job?.finishedOn !== undefined) {
              void changes.return();
              yield { id, status: 'SUCCEEDED', output: job.returnvalue };
              return;
            }
            yield { id, status: 'QUEUED' };
            for (;;) {
              const { value, done } = await next;
              if (done) return;
              if (value.status === 'SUCCEEDED') void changes.return();
              else next = changes.next();
              yield value;
              if (value.status === 'SUCCEEDED') return;
            }
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
