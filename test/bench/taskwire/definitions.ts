import { printSchema } from 'graphql';
import { buildSchema } from '../../../src/graphql/schema.ts';
import { defineTask } from '../../../src/index.ts';

/** Does nothing: what is left is what Taskwire costs. */
export const echo = defineTask({
  name: 'echo',
  input: (t) => ({ n: t.int({ required: true }) }),
  output: (t) => ({ n: t.int() }),
  run: ({ n }) => ({ n }),
});

/** Of `again`, in ms. */
export const backoffMs = 50;

/** Fails, to be tried again a little later, and succeeds at last. */
export const again = defineTask({
  name: 'again',
  input: (t) => ({ attempts: t.int({ required: true }) }),
  retry: { attempts: 20, backoff: { initial: backoffMs, factor: 1, jitter: 0 } },
  run({ attempts }, { attempt }) {
    if (attempt < attempts) throw Object.assign(new Error('not yet'), { code: 'NOT_YET' });
  },
});

/** Is only enqueued: no worker takes it, so that it is in nobody's way. */
export const kept = defineTask({
  name: 'kept',
  queue: 'kept',
  input: (t) => ({ n: t.int({ required: true }) }),
  run: () => undefined,
});

/** Changes when the driver says so, which is its worker. */
export const watched = defineTask({ name: 'watched', queue: 'watched', run: () => undefined });

/** What the API of the benchmark knows. */
export const definitions = [echo, again, kept, watched];

/** The same schema for the servers of others. */
export function schemaText(): string {
  return printSchema(buildSchema([echo]));
}

/** What is sent over HTTP, to all GraphQL servers. */
export const echoMutation = 'mutation ($n: Int!) { echo(input: { n: $n }) { task { id } } }';
