import { serveCalls } from '../harness/child.ts';
import { closedLoop } from './closed-loop.ts';
import { GraphQLSockets } from './graphql-sockets.ts';
import { pollUntilDone } from './polling.ts';
import { post } from './post.ts';

/** Tasks to be enqueued, each followed until its client has been told the end; `width` at a time. */
export interface TaskLoad {
  readonly port: number;
  readonly count: number;
  readonly width: number;
  /** By a mutation and the subscription over WebSockets, by the one operation that is both, or by polling so often. */
  readonly by: 'subscription' | 'run' | { readonly pollMs: number };
}

const mutation = 'mutation ($n: Int!) { echo(input: { n: $n }) { task { id } } }';
const both =
  'subscription ($n: Int!, $key: String!) { runEcho(input: { n: $n }, idempotencyKey: $key) { status output { n } } }';
const subscription = 'subscription ($id: ID!) { echoUpdated(id: $id) { status output { n } } }';
/** By the port that they lead to. */
const sockets: Map<number, GraphQLSockets> = new Map();

// A client process that enqueues tasks and waits for them: `tasks.ts`.
serveCalls(
  {},
  {
    /** Gives how long all took, and each, in ms. */
    async run({ port, count, width, by }: TaskLoad): Promise<{ ms: number; times: number[] }> {
      if (typeof by === 'string' && !sockets.has(port)) sockets.set(port, await GraphQLSockets.open(port, 4));
      const times: number[] = [];
      const ms = await closedLoop(count, width, async (n) => {
        const start = performance.now();
        await (typeof by === 'string' ? watchOne(port, n, by) : pollUntilDone(port, n, by.pollMs));
        times.push(performance.now() - start);
      });
      return { ms, times };
    },
  },
);

let keys = 0;

async function watchOne(port: number, n: number, by: 'subscription' | 'run'): Promise<void> {
  const end = `"output":{"n":${n}}`;
  if (by === 'run') {
    await sockets.get(port)?.until(both, { n, key: `${process.pid}-${(keys += 1)}` }, end);
    return;
  }
  const id = await enqueue(port, n, 3);
  await sockets.get(port)?.until(subscription, { id }, end);
}

async function enqueue(port: number, n: number, tries: number): Promise<string> {
  const answer = await post(port, '/graphql', { query: mutation, variables: { n } });
  // What the mutation asks for.
  const { data } = answer as { data?: { echo: { task: { id: string } } } | null };
  if (data) return data.echo.task.id;
  // On a machine that is too busy to answer within a second the API says UNAVAILABLE.
  if (tries > 1) return await enqueue(port, n, tries - 1);
  throw new Error(JSON.stringify(answer));
}
