import { readFileSync } from 'node:fs';
import type { TaskListUpdate } from '../../src/tasks/list-snapshot.ts';
import type { Task } from '../../src/tasks/task.ts';

type Change<Row> =
  | { readonly kind: 'INSERTED' | 'CHANGED'; readonly index: number; readonly task: Row }
  | { readonly kind: 'REMOVED'; readonly index: number; readonly task?: null };

/** A payload of `tasksUpdated`. */
export interface Payload<Row> {
  readonly reset?: { readonly nodes: readonly Row[] } | null;
  readonly changes: readonly Change<Row>[];
}

type Apply = <Row>(tasks: readonly Row[], payload: Payload<Row>) => Row[];

const document = readFileSync(new URL('../../docs/lists.md', import.meta.url), 'utf8');

/** The subscription of the documents, as it stands there. */
export const subscription: string = partOf(/```graphql\n(subscription[^`]*)```/);

/** The client of the documents, as it stands there. */
export const apply: Apply = await clientOf(partOf(/```js\n(function apply[^`]*)```/));

function partOf(pattern: RegExp): string {
  const part = pattern.exec(document)?.[1];
  if (part === undefined) throw new Error(`docs/lists.md has nothing like ${pattern.source}`);
  return part;
}

async function clientOf(source: string): Promise<Apply> {
  const module: unknown = await import(
    /* @vite-ignore */ `data:text/javascript,${encodeURIComponent(`export ${source}`)}`
  );
  // What the document exports is what the document says.
  return (module as { apply: Apply }).apply;
}

/** What a backend is told, as a client is. */
export function payloadOf({ reset, changes }: TaskListUpdate): Payload<Task> {
  return {
    ...(reset === undefined ? {} : { reset: { nodes: reset.tasks.map(({ task }) => task) } }),
    changes: changes.map((change) =>
      change.kind === 'REMOVED' ? { kind: change.kind, index: change.index } : change,
    ),
  };
}
