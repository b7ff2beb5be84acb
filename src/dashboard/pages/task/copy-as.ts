import { type Argument, enqueueToCopy, type Operation } from '../../client/enqueue-operation.ts';
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
    return enqueueToCopy('replayTask', [['id', 'ID!', id], ...withOptions]);
  const withInput: readonly Argument[] = inputType === null ? [] : [['input', `${inputType}!`, input]];
  return enqueueToCopy(mutation, [...withInput, ...withOptions]);
}

/** Whether some of an input was left out, as it is secret. */
function hasSecrets(input: unknown): boolean {
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
