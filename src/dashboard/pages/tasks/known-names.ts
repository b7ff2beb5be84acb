import { useMemo } from 'react';
import { useAsked } from '../../hooks/use-asked.ts';
import { graphql } from '../../client/graphql.ts';
import { useViewer } from '../../client/viewer.tsx';

const definitionsQuery = graphql(`
  query DefinitionNames {
    definitions {
      name
      queue
    }
  }
`);

const queuesQuery = graphql(`
  query QueueNames {
    queues {
      name
    }
  }
`);

/** The names that one can choose from. */
export interface KnownNames {
  readonly definitions: readonly string[];
  readonly queues: readonly string[];
}

/** What definitions and queues there are; also queues that no definition names any more, for who manages queues. */
export function useKnownNames(): KnownNames {
  const { may } = useViewer();
  const definitions = useAsked({ query: definitionsQuery, requestPolicy: 'cache-first' });
  const queues = useAsked({
    query: queuesQuery,
    pause: !may('queues:manage'),
    requestPolicy: 'cache-first',
  });
  return useMemo(() => {
    const known = definitions.data?.definitions ?? [];
    const all = [...known.map(({ queue }) => queue), ...(queues.data?.queues ?? []).map(({ name }) => name)];
    return { definitions: known.map(({ name }) => name).toSorted(), queues: [...new Set(all)].toSorted() };
  }, [definitions.data, queues.data]);
}
