import { useLocation, useSearch } from 'wouter';
import { Page, Panel } from '../parts/page.tsx';
import { Tabs } from '../parts/tabs.tsx';
import { ApiTokens } from './audit/api-tokens.tsx';
import { Events } from './audit/events.tsx';
import { EventFilters } from './audit/event-filters.tsx';
import { type AuditView, formatView, parseView } from './audit/view.ts';

/** Who did what to which, as it is done, and the tokens by which clients sign in. The address says which events. */
export default function AuditPage() {
  const query = useSearch();
  const [, navigate] = useLocation();
  const view = parseView(query);
  const show = (next: AuditView): void => {
    const query = formatView(next);
    navigate(query === '' ? '/audit' : `/audit?${query}`);
  };
  return (
    <Page title="Audit" lead="Who did what to which, when, from where, and what came of it.">
      <Panel>
        <Tabs
          label="Audit"
          tabs={[
            { id: 'events', label: 'Events' },
            { id: 'tokens', label: 'API tokens' },
          ]}
          chosen={view.tab}
          // One of the tabs above.
          onChoose={(id) => show({ ...view, tab: id as AuditView['tab'] })}
        >
          {view.tab === 'tokens' ? (
            <ApiTokens />
          ) : (
            <>
              <EventFilters view={view} onView={show} />
              <Events key={query} view={view} onView={show} />
            </>
          )}
        </Tabs>
      </Panel>
    </Page>
  );
}
