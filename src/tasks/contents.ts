import type { Store } from './store.ts';
import type { Task } from './task.ts';

/** A task's input as it came, undefined where the record is gone. */
export async function inputOf(store: Store, id: string): Promise<unknown> {
  return parse(await store.content(id, 'input'));
}

/** A succeeded task's output as wire JSON, read from the store where the state doesn't carry it. */
export async function outputOf(store: Store, task: Task): Promise<unknown> {
  if (task.output !== undefined || task.outputBytes === undefined) return task.output;
  return parse(await store.content(task.id, 'output'));
}

function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}
