// Fastify and mercurius, which compiles an operation when it has come once: `mercurius-http.js`.
import fastify from 'fastify';
import mercurius from 'mercurius';
import { serveCalls } from '../harness/child.ts';
import { schemaText } from '../taskwire/definitions.ts';

const app = fastify();
await app.register(mercurius, {
  schema: schemaText(),
  resolvers: {
    Mutation: { echo: (_, { input }) => ({ task: { id: `default:01KB2V5Y8Z000000000${input.n}` } }) },
  },
  jit: 1,
});
await app.listen({ port: 0, host: '127.0.0.1' });
serveCalls({ port: app.server.address().port });
