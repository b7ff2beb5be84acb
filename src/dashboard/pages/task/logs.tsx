import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useMemo, useState } from 'react';
import { graphql } from '../../client/graphql.ts';
import { Problem } from '../../parts/problem.tsx';
import { Empty, Loading } from '../../parts/page.tsx';
import { LogBook } from './log-book.ts';
import { type LogQuery, LogSearch } from './log-search.ts';
import { LogRowView } from './log-row.tsx';
import { LogTools } from './log-tools.tsx';
import type { LiveTask } from './task-live.ts';
import { useAppended } from './use-appended.ts';
import { useFollow } from './use-follow.ts';
import styles from './logs.module.css';

const logAppended = graphql(`
  subscription LogOfTask($id: ID!, $after: Int) {
    taskLogAppended(id: $id, after: $after) {
      lastIndex
      entries {
        index
        at
        attempt
        level
        message
        fields
      }
    }
  }
`);

/** The log as it comes: only the rows in sight are on the page, however many there are. */
export function Logs({ task, round }: { readonly task: LiveTask; readonly round: number }) {
  const {
    state: book,
    error,
    isOver,
  } = useAppended(
    logAppended,
    { id: task.id },
    round,
    () => new LogBook(),
    (book, { taskLogAppended }) => {
      book.take(taskLogAppended);
      return book;
    },
  );
  const [query, setQuery] = useState<LogQuery>({ level: 'DEBUG', text: '', onlyMatches: false });
  const search = useMemo(() => new LogSearch(query), [query]);
  const { rows, matches, lineCount } = search.read(book);
  const isFiltered = lineCount === 0 && book.lineCount > 0;
  const [match, setMatch] = useState(0);
  const [isAbsolute, setAbsolute] = useState(false);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const { box, follows, setFollows, onScroll } = useFollow(!task.isFinal);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => 24,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 12,
  });
  const goTo = (next: number): void => {
    const at = matches.length === 0 ? 0 : (next + matches.length) % matches.length;
    const row = matches[at];
    setMatch(at);
    setFollows(false);
    if (row !== undefined) virtualizer.scrollToIndex(row, { align: 'center' });
  };
  const onSearchKey = (event: KeyboardEvent): void => {
    // By these an input method takes or drops what is being composed.
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter') goTo(match + (event.shiftKey ? -1 : 1));
    if (event.key === 'Escape') setQuery({ ...query, text: '' });
  };
  const since = Date.parse(task.startedAt ?? task.createdAt);
  return (
    <div className={styles['logs']}>
      <LogTools
        book={book}
        query={query}
        found={matches.length}
        match={match}
        isAbsolute={isAbsolute}
        follows={follows}
        onQuery={(query) => {
          setQuery(query);
          setMatch(0);
        }}
        onSearchKey={onSearchKey}
        onMatch={(step) => goTo(match + step)}
        onTimes={() => setAbsolute(!isAbsolute)}
        onFollow={() => setFollows(!follows)}
        fileName={`${task.id}.log`}
      />
      <Problem error={error} />
      {/* A box that scrolls is reached by the keyboard, too. */}
      <div
        ref={box}
        className={styles['box']}
        role="log"
        aria-label="Log"
        aria-live="off"
        tabIndex={0}
        onScroll={onScroll}
      >
        {(rows.length === 0 || isFiltered) && (
          <NoLines isOver={isOver || task.isFinal} isFiltered={isFiltered} hasBegun={book.hasBegun} />
        )}
        <div className={styles['all']} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ key, index, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <div
                key={key}
                ref={virtualizer.measureElement}
                data-index={index}
                className={styles['place']}
                style={{ transform: `translateY(${start}px)` }}
              >
                <LogRowView
                  row={row}
                  wanted={query.text}
                  isCurrent={query.text !== '' && matches[match] === index}
                  isOpen={open.has(row.key)}
                  onToggle={() => setOpen(toggled(open, row.key))}
                  since={isAbsolute ? undefined : since}
                />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function NoLines({
  isOver,
  isFiltered,
  hasBegun,
}: {
  readonly isOver: boolean;
  readonly isFiltered: boolean;
  readonly hasBegun: boolean;
}) {
  if (isFiltered) return <Empty title="No line is like that." />;
  if (!hasBegun) return <Loading label="Loading the log" />;
  return <Empty title={isOver ? 'It has logged nothing.' : 'It has logged nothing so far.'} />;
}

function toggled(keys: ReadonlySet<string>, key: string): ReadonlySet<string> {
  return keys.has(key) ? new Set([...keys].filter((one) => one !== key)) : new Set([...keys, key]);
}
