import { Suspense, useEffect } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { type Connection, useConnectionState } from './client/connection.ts';
import { setToken } from './client/token.ts';
import { useViewer } from './client/viewer.tsx';
import { useShortcuts } from './hooks/use-shortcuts.ts';
import { Icon } from './parts/icon.tsx';
import { IconButton } from './parts/button.tsx';
import { Logo } from './parts/logo.tsx';
import { Empty, Loading, Page } from './parts/page.tsx';
import { PageBoundary } from './page-boundary.tsx';
import { routes, sections } from './routes.tsx';
import { setTheme, themes, useTheme } from './theme.ts';
import styles from './shell.module.css';

/** What is around each page: the navigation, and how things stand with the connection. */
export function Shell({ connection }: { readonly connection: Connection }) {
  const { may } = useViewer();
  const [location] = useLocation();
  const offered = sections.filter(({ scope }) => may(scope));
  useShortcuts(offered);
  const known = routes.filter(({ scope }) => may(scope));
  return (
    <div className={styles['shell']}>
      <button
        type="button"
        className={styles['skip']}
        onClick={() => document.getElementById('main')?.focus()}
      >
        Skip to the page
      </button>
      <nav className={styles['nav']} aria-label="Pages">
        <Link href="/" className={styles['brand']} aria-label="Taskwire, overview">
          <Logo />
        </Link>
        <ul>
          {offered.map(({ path, name, icon, key }) => (
            <li key={path}>
              <Link
                href={path}
                title={`g ${key}`}
                aria-current={isAt(location, path) ? 'page' : undefined}
                className={styles['link']}
              >
                <Icon name={icon} size={18} />
                <span>{name}</span>
              </Link>
            </li>
          ))}
        </ul>
        <div className={styles['foot']}>
          <ConnectionSign connection={connection} />
          <Account />
          <ThemeButton />
        </div>
      </nav>
      <main id="main" tabIndex={-1} className={styles['main']}>
        <PageBoundary location={location}>
          <Suspense fallback={<Loading label="Loading the page" />}>
            <Switch>
              {known.map(({ path, Page }) => (
                <Route key={path} path={path}>
                  {(params) => <Page params={params as Readonly<Record<string, string>>} />}
                </Route>
              ))}
              {offered[0] !== undefined && location === '/' && <Redirect to={offered[0].path} replace />}
              <Route>
                <Page title="Not found">
                  <Empty title="There is no such page, or it isn't for you.">
                    <Link href="/">To the first page</Link>
                  </Empty>
                </Page>
              </Route>
            </Switch>
          </Suspense>
        </PageBoundary>
      </main>
    </div>
  );
}

const connectionWords = {
  connecting: 'Connecting …',
  live: 'Live',
  lost: 'Connection lost, trying again …',
  ended: 'The API has ended the connection: reload the page.',
} as const;

function ConnectionSign({ connection }: { readonly connection: Connection }) {
  const state = useConnectionState(connection);
  useEffect(() => void connection.socket, [connection]);
  return (
    <span className={styles['connection']} data-state={state} role="status">
      <span aria-hidden="true" />
      <span>{connectionWords[state]}</span>
    </span>
  );
}

function Account() {
  const { owner, isAnonymous } = useViewer();
  if (isAnonymous) return null;
  return (
    <span className={styles['account']}>
      <Icon name="user" />
      <span title={owner}>{owner}</span>
      <IconButton icon="external" label="Sign out" onClick={() => setToken(undefined)} />
    </span>
  );
}

function ThemeButton() {
  const theme = useTheme();
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
  const icon = { system: 'system', light: 'sun', dark: 'moon' } as const;
  return (
    <IconButton
      icon={icon[theme]}
      label={`Theme: ${theme}. Switch to ${next}`}
      onClick={() => setTheme(next)}
    />
  );
}

function isAt(location: string, path: string): boolean {
  return path === '/' ? location === '/' : location === path || location.startsWith(`${path}/`);
}
