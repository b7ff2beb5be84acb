import { useEffect } from 'react';
import { type AnyVariables, useQuery, type UseQueryArgs, type UseQueryResponse } from 'urql';
import { isPassing } from './use-live.ts';

/** Asks once, as `useQuery` does, and again every two seconds while the API or its store is away. */
export function useAsked<Data, Variables extends AnyVariables>(
  args: UseQueryArgs<Variables, Data>,
): UseQueryResponse<Data, Variables> {
  const asked = useQuery<Data, Variables>(args);
  const [{ error }, ask] = asked;
  useEffect(() => {
    if (error === undefined || !(isPassing(error) || error.graphQLErrors.length === 0)) return;
    const timer = setTimeout(() => ask({ requestPolicy: 'network-only' }), 2000);
    return () => clearTimeout(timer);
  }, [error, ask]);
  return asked;
}
