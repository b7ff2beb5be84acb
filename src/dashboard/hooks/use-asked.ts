import { useEffect, useState } from 'react';
import {
  type AnyVariables,
  type CombinedError,
  createRequest,
  type TypedDocumentNode,
  useQuery,
  type UseQueryArgs,
} from 'urql';
import { isPassing } from './use-live.ts';

/** What has come of a question. */
export interface Asked<Data> {
  /** The last answer without an error to just these variables: it stays when asking again fails. */
  readonly data: Data | undefined;
  readonly error: CombinedError | undefined;
}

/** Asks once, and again every two seconds while the API or its store is away. */
export function useAsked<Data, Variables extends AnyVariables>(
  // Its document is never a text, so that it can be told which question an answer is to.
  args: UseQueryArgs<Variables, Data> & { readonly query: TypedDocumentNode<Data, Variables> },
): Asked<Data> {
  const [state, ask] = useQuery<Data, Variables>(args);
  // They may be left out only where the document has none.
  const { key } = createRequest(args.query, args.variables as Variables);
  // `useQuery` goes on with the answer to other variables until there is one to these.
  const isAnswer = state.operation?.key === key;
  const error = isAnswer ? state.error : undefined;
  const [told, setTold] = useState<{ readonly key: number; readonly data: Data }>();
  const { data } = state;
  if (isAnswer && error === undefined && data !== undefined && (data !== told?.data || key !== told.key)) {
    setTold({ key, data });
  }
  useEffect(() => {
    if (error === undefined || !(isPassing(error) || error.graphQLErrors.length === 0)) return;
    const timer = setTimeout(() => ask({ requestPolicy: 'network-only' }), 2000);
    return () => clearTimeout(timer);
  }, [error, ask]);
  return { data: told?.key === key ? told.data : undefined, error };
}
