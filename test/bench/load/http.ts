import { serveCalls } from '../harness/child.ts';
import { closedLoop } from './closed-loop.ts';
import { post } from './post.ts';

/** Load of a kind: the same document again and again, on connections that are kept. */
export interface HttpLoad {
  readonly port: number;
  readonly query: string;
  /** What comes as variables, beside a number `n`. */
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly width: number;
  readonly token?: string;
}

// A client process that sends mutations over HTTP: `http.ts`.
serveCalls(
  {},
  {
    run: ({ port, query, variables, count, width, token }: HttpLoad) =>
      closedLoop(count, width, async (n) => {
        const answer = await post(port, '/graphql', { query, variables: { n, ...variables } }, width, token);
        // Every GraphQL server answers so.
        if ((answer as { data?: unknown }).data === undefined) throw new Error(JSON.stringify(answer));
      }),
  },
);
