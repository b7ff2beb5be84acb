import { type Argument, enqueueBy, type Operation } from '../../client/enqueue-operation.ts';
import { secretText } from '../../client/secret-text.ts';

/** What is needed of a task, and of its definition, to say how it is enqueued again. */
export interface Enqueued {
  readonly id: string;
  /** The mutation that enqueues such a task; undefined where this API knows none. */
  readonly mutation: string | undefined;
  /** The name of its input's type; null where it takes none. */
  readonly inputType: string | null;
  readonly input: unknown;
  readonly priority: number;
  readonly tags: readonly string[];
}

/**
 * The mutation that enqueues a task once more, with the same input, priority and tags. What nobody is shown of an input can't
 * be written down, so that a task with secrets is replayed instead.
 */
export function enqueueAgain({ id, mutation, inputType, input, priority, tags }: Enqueued): Operation {
  const options = {
    ...(priority === 0 ? {} : { priority }),
    ...(tags.length === 0 ? {} : { tags }),
  };
  const withOptions: readonly Argument[] =
    Object.keys(options).length === 0 ? [] : [['options', 'TaskOptions', options]];
  if (mutation === undefined || hasSecrets(input))
    return enqueue('replayTask', [['id', 'ID!', id], ...withOptions]);
  const withInput: readonly Argument[] = inputType === null ? [] : [['input', `${inputType}!`, input]];
  return enqueue(mutation, [...withInput, ...withOptions]);
}

function enqueue(mutation: string, args: readonly Argument[]): Operation {
  return enqueueBy(mutation, args, ['task {', '  id', '  status', '}']);
}

/** Whether some of an input was left out, as it is secret. */
export function hasSecrets(input: unknown): boolean {
  if (input === secretText) return true;
  return typeof input === 'object' && input !== null && Object.values(input).some(hasSecrets);
}

/** The subscription that follows a task until its end. */
export function followTask({ id }: { readonly id: string }): Operation {
  const query = `subscription Follow($id: ID!) {
  taskUpdated(id: $id) {
    status
    isFinal
    progress {
      fraction
      message
    }
    outputJson
    failure {
      code
      message
    }
  }
}`;
  return { query, variables: { id } };
}

/** An operation as GraphiQL and others take it: the document, and below it the variables. */
export function asGraphql({ query, variables }: Operation): string {
  if (Object.keys(variables).length === 0) return `${query}\n`;
  const lines = JSON.stringify(variables, undefined, 2).split('\n');
  return `${query}\n\n# Variables:\n${lines.map((line) => `# ${line}`).join('\n')}\n`;
}

/** An operation as a command for a POSIX shell, which finds the token in its environment: it is in no history of commands. */
export function asCurl(
  { query, variables }: Operation,
  {
    url,
    hasToken,
    follows = false,
  }: { readonly url: string; readonly hasToken: boolean; readonly follows?: boolean },
): string {
  return [
    `curl --silent --show-error ${follows ? '--no-buffer ' : ''}${quoted(url)}`,
    "--header 'content-type: application/json'",
    ...(follows ? ["--header 'accept: text/event-stream'"] : []),
    ...(hasToken ? ['--header "authorization: Bearer $TASKWIRE_TOKEN"'] : []),
    `--data-raw ${quoted(JSON.stringify({ query, variables }))}`,
  ].join(' \\\n  ');
}

/** A text as one word of a POSIX shell, in which nothing has a meaning of its own. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
