import { type ReactNode, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { formatCount } from '../../parts/format.ts';
import type { IconName } from '../../parts/icon.tsx';
import { Popover } from '../../parts/popover.tsx';
import { actions, type BulkAction } from './bulk.ts';
import { BulkDialog } from './bulk-dialog.tsx';
import type { TaskFilter } from './filter.ts';
import type { Selection } from './selection.ts';
import styles from './selection-bar.module.css';

const icons: Readonly<Record<BulkAction, IconName>> = { cancel: 'stop', retry: 'retry', replay: 'replay' };
const verbs: Readonly<Record<BulkAction, string>> = { cancel: 'Cancel', retry: 'Retry', replay: 'Replay' };

/** Between filters and list: how many tasks there are, their order, and what can be done to many of them. */
export function SelectionBar({
  selection,
  filter,
  isFiltered,
  canAct,
  order,
  onTurn,
  children,
}: {
  readonly selection: Selection;
  readonly filter: TaskFilter;
  readonly isFiltered: boolean;
  readonly canAct: boolean;
  readonly order: 'ASC' | 'DESC';
  readonly onTurn: () => void;
  /** How many there are. */
  readonly children: ReactNode;
}) {
  const [asked, setAsked] = useState<{ readonly action: BulkAction; readonly filter: TaskFilter }>();
  const { selected, clear } = selection;
  return (
    <div className={styles['bar']} data-selected={selected.size > 0}>
      {selected.size > 0 ? (
        <>
          <span className="number" role="status">
            <strong>{formatCount(selected.size)}</strong> selected
          </span>
          <div className={styles['actions']}>
            {actions.map((action) => (
              <Button
                key={action}
                icon={icons[action]}
                tone={action === 'cancel' ? 'danger' : 'plain'}
                onClick={() => setAsked({ action, filter: { ids: [...selected.keys()] } })}
              >
                {verbs[action]}
              </Button>
            ))}
            <Button tone="quiet" onClick={clear}>
              Clear
            </Button>
          </div>
        </>
      ) : (
        <>
          {children}
          <div className={styles['actions']}>
            <Button tone="quiet" icon={order === 'DESC' ? 'down' : 'up'} onClick={onTurn}>
              {order === 'DESC' ? 'Newest first' : 'Oldest first'}
            </Button>
            {canAct && (
              <Popover label={isFiltered ? 'All that match' : 'All tasks'}>
                {(close) => (
                  <ul className={styles['all']}>
                    {actions.map((action) => (
                      <li key={action}>
                        <Button
                          tone="quiet"
                          icon={icons[action]}
                          onClick={() => {
                            close();
                            setAsked({ action, filter: isFiltered ? filter : everything() });
                          }}
                        >
                          {verbs[action]} {isFiltered ? 'all that match' : 'all'} …
                        </Button>
                      </li>
                    ))}
                  </ul>
                )}
              </Popover>
            )}
          </div>
        </>
      )}
      {asked !== undefined && (
        <BulkDialog
          action={asked.action}
          filter={asked.filter}
          onClose={(isDone) => {
            setAsked(undefined);
            if (isDone) clear();
          }}
        />
      )}
    </div>
  );
}

/** All tasks there are now: the API refuses a filter that says nothing. */
function everything(): TaskFilter {
  return { createdBefore: new Date().toISOString() };
}
