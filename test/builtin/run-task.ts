import { compileDefinitions } from '../../src/definition/types.ts';
import { noChildren } from '../support/no-children.ts';
import type { ProgressUpdate, TaskContext, TaskDefinition } from '../../src/index.ts';

/** What an attempt left behind. */
export interface Outcome<Output> {
  readonly output: Output;
  readonly progress: readonly ProgressUpdate[];
}

export interface ContextOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (update: ProgressUpdate) => void;
}

/** The context of an attempt without a store. */
export function contextOf({ signal, onProgress }: ContextOptions = {}): TaskContext {
  const nothing = () => {};
  return {
    id: 'default_01test',
    attempt: 1,
    traceparent: undefined,
    signal: signal ?? new AbortController().signal,
    progress: async (update) => onProgress?.(typeof update === 'number' ? { fraction: update } : update),
    ...noChildren,
    stream: () => ({ write: async () => {} }),
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  };
}

/** Runs a definition as a worker does, from wire JSON to wire JSON. */
export async function runTask<Input, Output>(
  definition: TaskDefinition<Input, Output>,
  wire: unknown,
  options: ContextOptions = {},
): Promise<Outcome<Output>> {
  const compiled = compileDefinitions([definition]).get(definition.name);
  if (!compiled) throw new Error(`${definition.name} wasn't compiled`);
  const progress: ProgressUpdate[] = [];
  const onProgress = (update: ProgressUpdate) => {
    progress.push(update);
    options.onProgress?.(update);
  };
  const input = await compiled.coerceInput(wire);
  const returned = await compiled.definition.run(input, contextOf({ ...options, onProgress }));
  // As JSON, which is what is stored.
  const output = JSON.parse(JSON.stringify(compiled.serializeOutput(returned))) as Output;
  return { output, progress };
}
