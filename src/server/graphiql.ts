import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import { type Example, exampleOf } from './example.ts';
import type { Tasks } from '../tasks/tasks.ts';

/** True for a browser that opens the endpoint, and for no client that sends an operation. */
export function isPageRequest({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.accept?.includes('text/html') === true;
}

/** Tells a person who looks for the page how to get it. */
export function answerNoPage(response: ServerResponse): void {
  response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(
    'This is a GraphQL API. GraphiQL is off; --graphiql on or TASKWIRE_GRAPHIQL=on turns it on.\n',
  );
}

/** The page to try operations on. Everything it needs is in it; its headers keep it from asking anyone else. */
export class GraphiQL {
  readonly #schema: GraphQLSchema;
  readonly #tasks: Tasks;
  readonly #isOpen: boolean;

  /** Where it isn't open, the page is for whoever comes, and what it shows for who shows a token in its headers. */
  constructor(schema: GraphQLSchema, tasks: Tasks, isOpen: boolean) {
    this.#schema = schema;
    this.#tasks = tasks;
    this.#isOpen = isOpen;
  }

  async answer(response: ServerResponse): Promise<void> {
    const tabs = this.#isOpen ? await this.#examples() : [{ query: newestTasks, headers: tokenHeader }];
    // Nine megabytes of source: loaded by the first one who asks.
    const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
    const page = renderGraphiQL({
      title: 'Taskwire',
      // Over a socket the page wouldn't show the token that stands in its headers.
      subscriptionsProtocol: this.#isOpen ? 'WS' : 'SSE',
      ...(this.#isOpen ? {} : { defaultHeaders: tokenHeader }),
      // A token stays in the page, and isn't left behind in the browser.
      shouldPersistHeaders: false,
      ...(tabs.length === 0 ? {} : { defaultTabs: tabs }),
    });
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': contentSecurityPolicy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    response.end(page.replace(rootElement, () => `${rootElement}${firstVisit(tabs[0])}`));
  }

  async #examples(): Promise<Tab[]> {
    const example = await exampleOf(this.#schema, this.#tasks.definitions);
    return example === undefined ? [] : await this.#tabs(example);
  }

  async #tabs({ name, mutation, variables, subscription }: Example): Promise<Tab[]> {
    return [
      {
        query: `# Press play: this enqueues a task.\n# Then follow it by its id in the next tab.\n${mutation}`,
        variables: JSON.stringify(variables, undefined, 2),
      },
      { query: subscription, variables: JSON.stringify({ id: await this.#newest(name) }, undefined, 2) },
      { query: newestTasks },
    ];
  }

  /** An id that the subscription works with: that of the last task, if there is one. */
  async #newest(name: string): Promise<string> {
    const page = this.#tasks.isReady()
      ? await this.#tasks.list({ filter: { names: [name] }, direction: 'DESC', limit: 1 })
      : undefined;
    return page?.tasks[0]?.task.id ?? 'paste the id here';
  }
}

interface Tab {
  readonly query: string;
  readonly variables?: string;
  readonly headers?: string;
}

const tokenHeader = JSON.stringify({ authorization: 'Bearer paste a token here' }, undefined, 2);

const rootElement = '<div id="root"></div>';

/**
 * GraphiQL takes what its first editor shows from the browser's storage alone: without this the first tab
 * would have no variables, and after a reload there would be an empty tab more.
 */
function firstVisit({ query, variables = '' }: Tab = { query: '' }): string {
  const stored = { 'graphiql:query': query, 'graphiql:variables': variables };
  // Inside a script element: nothing may look like its end.
  const json = JSON.stringify(stored).replaceAll('<', '\\u003c');
  return `<script>
  if (!localStorage.getItem('graphiql:tabState')) {
    for (const [key, value] of Object.entries(${json})) localStorage.setItem(key, value);
  }
  </script>`;
}

const newestTasks = `# The newest tasks, live: leave it running here and enqueue in another window.
subscription NewestTasks {
  tasksUpdated(first: 10) {
    reset {
      nodes {
        ...Row
      }
    }
    changes {
      kind
      index
      task {
        ...Row
      }
    }
  }
}

fragment Row on Task {
  id
  name
  status
  progress {
    fraction
    message
  }
}
`;

// The page's scripts and styles are in it; Monaco's workers are blobs.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'unsafe-inline' blob:",
  "style-src 'unsafe-inline'",
  'worker-src blob:',
  'img-src data:',
  'font-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
