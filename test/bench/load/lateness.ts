import { setTimeout as delay } from 'node:timers/promises';
import { now, serveCalls } from '../harness/child.ts';
import { backoffMs } from '../taskwire/definitions.ts';
import { GraphQLSockets } from './graphql-sockets.ts';
import { post } from './post.ts';

// A client process that tells how late what waits for its time begins, in ms by the store's clock: `lateness.ts`.
let sockets: GraphQLSockets | undefined;

serveCalls(
  {},
  {
    /** Of so many retries of one task. */
    async retries(port: number, count: number): Promise<number[]> {
      const enqueue = `mutation { task: again(input: { attempts: ${count + 1} }) { task { id } } }`;
      const { attempts } = await ended(port, enqueue, 'again', 'attempts { startedAt finishedAt }');
      return attempts.slice(1).map(({ startedAt }, index) => {
        const failedAt = Date.parse(attempts[index]?.finishedAt ?? '');
        return Date.parse(startedAt) - failedAt - backoffMs;
      });
    },

    /** Of so many delayed tasks, one after the other. */
    async delays(port: number, count: number): Promise<number[]> {
      const enqueue = `mutation { task: echo(input: { n: 1 }, options: { delay: "${backoffMs}ms" }) { task { id } } }`;
      const times: number[] = [];
      for (let task = 0; task < count; task += 1) {
        const { runAt, startedAt } = await ended(port, enqueue, 'echo', 'runAt startedAt');
        times.push(Date.parse(startedAt) - Date.parse(runAt));
      }
      return times;
    },

    /** Of timers of the same length that a process sets for itself. */
    async timers(count: number): Promise<number[]> {
      const times: number[] = [];
      for (let timer = 0; timer < count; timer += 1) {
        const due = now() + backoffMs;
        await delay(backoffMs);
        times.push(now() - due);
      }
      return times;
    },
  },
);

interface Ended {
  readonly runAt: string;
  readonly startedAt: string;
  readonly attempts: readonly { readonly startedAt: string; readonly finishedAt: string }[];
}

/** Enqueues a task and gives some fields of its end. */
async function ended(port: number, enqueue: string, name: string, fields: string): Promise<Ended> {
  sockets ??= await GraphQLSockets.open(port, 1);
  const answer = await post(port, '/graphql', { query: enqueue });
  // What the mutation asks for.
  const { data } = answer as { data: { task: { task: { id: string } } } };
  const query = `subscription ($id: ID!) { task: ${name}Updated(id: $id) { isFinal ${fields} } }`;
  const text = await sockets.until(query, { id: data.task.task.id }, '"isFinal":true');
  // What the subscription asks for.
  return (JSON.parse(text) as { payload: { data: { task: Ended } } }).payload.data.task;
}
