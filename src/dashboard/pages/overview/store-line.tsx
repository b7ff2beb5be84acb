import { graphql, type ResultOf } from '../../client/graphql.ts';
import { useAsked } from '../../hooks/use-asked.ts';

const storeDocument = graphql(`
  query OverviewStore {
    store {
      name
      version
      isEmbedded
      persistence
    }
  }
`);

type Store = ResultOf<typeof storeDocument>['store'];

/** What keeps the tasks, and what of them is there after a restart: facts that don't change while it runs. */
export function StoreLine() {
  const { data } = useAsked({ query: storeDocument });
  if (data === undefined) return null;
  const { name, version } = data.store;
  return (
    <p className="faint">
      Tasks are kept by {[name, version].filter(Boolean).join(' ')}
      {lasting(data.store)}.
    </p>
  );
}

function lasting({ isEmbedded, persistence }: Store): string {
  if (isEmbedded) return ', the embedded store: it is for development, and a crash loses what it holds';
  switch (persistence) {
    case 'APPEND_ONLY':
      return ', which writes to disk as they come';
    case 'SNAPSHOTS':
      return ', which makes snapshots';
    case 'NONE':
      return ', which loses them when it ends';
    default:
      return '';
  }
}
