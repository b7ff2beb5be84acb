import type { CombinedError } from 'urql';
import { graphql } from '../../client/graphql.ts';
import { useAsked } from '../../hooks/use-asked.ts';
import type { Original } from './enqueue-form.tsx';

const originalQuery = graphql(`
  query ReplayedTask($id: ID!) {
    task(id: $id) {
      id
      name
      input
    }
  }
`);

/** The task of a definition that is to be replayed, once it is known; nothing where none is. */
export function useOriginal(
  id: string | undefined,
  name: string,
): {
  readonly original: Original | undefined;
  /** There is no such task. */
  readonly isAbsent: boolean;
  readonly error: CombinedError | undefined;
} {
  const { data, error } = useAsked({
    query: originalQuery,
    variables: { id: id ?? '' },
    pause: id === undefined,
  });
  if (id === undefined || data === undefined) return { original: undefined, isAbsent: false, error };
  const task = data.task?.name === name ? data.task : undefined;
  return { original: task, isAbsent: task === undefined, error };
}
