// GraphQL Yoga as its page on production has it, with all defaults but logging: `yoga-http.js`.
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import { serveCalls } from '../harness/child.ts';
import { schemaText } from '../taskwire/definitions.ts';

const yoga = createYoga({
  schema: createSchema({
    typeDefs: schemaText(),
    resolvers: {
      Mutation: { echo: (_, { input }) => ({ task: { id: `default:01KB2V5Y8Z000000000${input.n}` } }) },
    },
  }),
  logging: false,
});
const server = createServer(yoga);
server.listen(0, '127.0.0.1', () => serveCalls({ port: server.address().port }));
