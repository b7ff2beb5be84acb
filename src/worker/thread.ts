import { compileChild } from '../definition/compile-child.ts';
import { isTaskDefinition } from '../definition/definition.ts';
import { registerPackageHook } from '../definition/package-hook.ts';
import { displayPath, setSource } from '../definition/source.ts';
import { compileDefinitions, type CompiledDefinition } from '../definition/types.ts';
import { failureOf } from './failure.ts';
import { ThreadContext } from './thread-context.ts';
import type { ThreadJob, ThreadOutcome } from './thread-messages.ts';
import type { Thrown } from './thrown.ts';

// A thread has its own modules: the hook of the main thread isn't there.
registerPackageHook();

// By URL and name: one load a thread, however many tasks it runs.
const loaded = new Map<string, Promise<CompiledDefinition>>();

/** Runs an attempt in this thread, which Piscina calls; never throws. */
export async function runInThread(job: ThreadJob): Promise<ThreadOutcome> {
  const thread = new ThreadContext(job, (which) => (wire) => compileChild(which).parseOutput(wire));
  try {
    const compiled = await load(job);
    const input = await compiled.coerceInput(JSON.parse(job.input));
    const run = () => compiled.definition.run(input, thread.context);
    const returned = await (job.isTraced ? traced(job, run) : run());
    return { output: JSON.stringify(compiled.serializeOutput(returned) ?? null) };
  } catch (error) {
    return { thrown: tellThrown(error, job.attempt) };
  } finally {
    await thread.close();
  }
}

/** With its attempt's span active, as on the main thread. */
async function traced<Result>({ traceparent }: ThreadJob, run: () => Result): Promise<Awaited<Result>> {
  // Only now: a file that sets up OpenTelemetry in its thread comes first.
  const { runWithin } = await import('../tracing/remote-span.ts');
  return await runWithin(traceparent, run);
}

async function load({ source, name }: ThreadJob): Promise<CompiledDefinition> {
  const key = `${source} ${name}`;
  const loading = loaded.get(key) ?? importDefinition(source, name);
  loaded.set(key, loading);
  return await loading;
}

async function importDefinition(source: string, name: string): Promise<CompiledDefinition> {
  const namespace: unknown = await import(source);
  const definitions = Object.values(namespace as object).filter((value) => isTaskDefinition(value));
  const definition = definitions.find((definition) => definition.name === name);
  const compiled = definition && compileDefinitions([definition]).get(name);
  if (compiled === undefined) {
    throw new Error(
      `${displayPath(source)} exports no task '${name}' in a thread. Was it changed since the worker started, or does it export the task on the main thread only?`,
    );
  }
  setSource(compiled.definition, source);
  return compiled;
}

function tellThrown(error: unknown, attempt: number): Thrown {
  const failure = JSON.stringify(failureOf(error, attempt));
  try {
    return { failure, name: nameOf(error), stack: stackOf(error), retryAfter: retryAfterOf(error) };
  } catch {
    // As `failureOf` says, a thrown value may be anything.
    return { failure, name: 'Error', stack: undefined, retryAfter: undefined };
  }
}

function nameOf(error: unknown): string {
  // Typed as a text, but anything may be assigned to it.
  const name: unknown = error instanceof Error ? error.name : undefined;
  return typeof name === 'string' ? name : 'Error';
}

/** The stack with those of the causes, for the worker's log. */
function stackOf(error: unknown): string | undefined {
  const stacks: string[] = [];
  for (let cause = error; cause instanceof Error && stacks.length < 5; cause = cause.cause) {
    stacks.push(`${cause.stack}`);
  }
  return stacks.length > 0 ? stacks.join('\ncaused by: ') : undefined;
}

function retryAfterOf(error: unknown): number | Date | undefined {
  if (typeof error !== 'object' || error === null || !('retryAfter' in error)) return undefined;
  const { retryAfter } = error;
  return typeof retryAfter === 'number' || retryAfter instanceof Date ? retryAfter : undefined;
}
