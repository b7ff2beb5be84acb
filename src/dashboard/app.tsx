import { useEffect, useMemo, useState } from 'react';
import { Provider } from 'urql';
import { type Api, openApi } from './client/client.ts';
import { graphql } from './client/graphql.ts';
import { setToken, useToken } from './client/token.ts';
import { ViewerContext } from './client/viewer.tsx';
import { useAsked } from './hooks/use-asked.ts';
import { Loading } from './parts/page.tsx';
import { Problem } from './parts/problem.tsx';
import { Login } from './login.tsx';
import { Shell } from './shell.tsx';

/** The dashboard: it signs in, where the API asks for that, and shows its pages. */
export function App() {
  const token = useToken();
  const [refusal, setRefusal] = useState<string>();
  const api = useMemo(() => {
    return openApi(token, (reason) => {
      setRefusal(reason);
      setToken(undefined);
    });
  }, [token]);
  useEffect(() => () => api.connection.close(), [api]);
  return (
    <Provider value={api.client}>
      <SignedIn
        key={token}
        api={api}
        token={token}
        refusal={refusal}
        onSignIn={() => setRefusal(undefined)}
      />
    </Provider>
  );
}

const viewerQuery = graphql(`
  query Viewer {
    viewer {
      owner
      scopes
      isAnonymous
    }
  }
`);

function SignedIn({
  api,
  token,
  refusal,
  onSignIn,
}: {
  readonly api: Api;
  readonly token: string | undefined;
  readonly refusal: string | undefined;
  readonly onSignIn: () => void;
}) {
  const { data, error } = useAsked({ query: viewerQuery });
  const isRefused = error?.graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED');
  const isAway = error !== undefined && isRefused !== true;
  if (isRefused === true) {
    return <Login wasRefused={token !== undefined} reason={refusal} onSignIn={onSignIn} />;
  }
  if (data === undefined)
    return isAway ? (
      <Problem error={error} hint="It is tried again by itself." />
    ) : (
      <Loading label="Connecting" lines={1} />
    );
  return (
    <ViewerContext value={data.viewer}>
      <Shell connection={api.connection} />
    </ViewerContext>
  );
}
