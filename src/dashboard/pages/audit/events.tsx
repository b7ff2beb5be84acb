import { useEffect, useEffectEvent, useRef } from 'react';
import { Button } from '../../parts/button.tsx';
import { Empty, Loading } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { EventTable } from './event-table.tsx';
import { useAuditLog } from './use-audit-log.ts';
import { type AuditView, filterOf, formatView, isFiltered, parseView } from './view.ts';
import styles from './audit.module.css';

/** The events of a view, newest first: new ones come above, older ones as one scrolls. */
export function Events({
  view,
  onView,
}: {
  readonly view: AuditView;
  readonly onView: (view: AuditView) => void;
}) {
  const { events, olderAfter, isLoading, error, older } = useAuditLog(filterOf(view), 50);
  const filterBy = (actor: string): string => formatView({ ...view, actor: [actor] });
  return (
    <>
      {error !== undefined && (
        <div className={styles['problem']}>
          <Problem error={error} />
        </div>
      )}
      {events.length > 0 ? (
        <EventTable events={events} queryOf={filterBy} />
      ) : isLoading || olderAfter !== undefined ? (
        <Loading label="Loading the events" lines={8} />
      ) : error !== undefined ? null : isFiltered(view) ? (
        <Empty title="No event matches.">
          <Button onClick={() => onView(parseView(''))}>Clear all filters</Button>
        </Empty>
      ) : (
        <Empty title="Nothing has been done so far.">
          Every mutation but enqueues is written down here, and whatever was refused.
        </Empty>
      )}
      {olderAfter !== undefined && (
        <Older after={olderAfter} isLoading={isLoading} hasFailed={error !== undefined} onOlder={older} />
      )}
    </>
  );
}

/** Loads what is older once one has scrolled to it, or asks for it. */
function Older({
  after,
  isLoading,
  hasFailed,
  onOlder,
}: {
  readonly after: string;
  readonly isLoading: boolean;
  /** It is tried again only by hand then. */
  readonly hasFailed: boolean;
  readonly onOlder: () => Promise<void>;
}) {
  const end = useRef<HTMLDivElement>(null);
  const load = useEffectEvent(onOlder);
  useEffect(() => {
    if (end.current === null || hasFailed) return;
    // Anew after each page: it may have been too short to move the end out of sight.
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting === true) void load();
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [after, hasFailed]);
  return (
    <div ref={end} className={styles['older']}>
      <Button icon="down" isBusy={isLoading} onClick={() => void onOlder()}>
        Older
      </Button>
    </div>
  );
}
