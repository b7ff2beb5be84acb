import type { KeyboardEvent } from 'react';
import { Button, IconButton } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Input, Select } from '../../parts/field.tsx';
import { formatCount } from '../../parts/format.ts';
import { download } from './download.ts';
import { type LogBook, type LogLevel, textOfLog } from './log-book.ts';
import type { LogQuery } from './log-search.ts';
import styles from './logs.module.css';

/** What is done with a log: look for something, leave out what is less important, follow it, take it along. */
export function LogTools({
  book,
  query,
  found,
  match,
  isAbsolute,
  follows,
  onQuery,
  onSearchKey,
  onMatch,
  onTimes,
  onFollow,
  fileName,
}: {
  readonly book: LogBook;
  readonly query: LogQuery;
  /** How many lines have what is looked for. */
  readonly found: number;
  /** Which of them is gone to. */
  readonly match: number;
  readonly isAbsolute: boolean;
  readonly follows: boolean;
  readonly onQuery: (query: LogQuery) => void;
  readonly onSearchKey: (event: KeyboardEvent) => void;
  readonly onMatch: (step: number) => void;
  readonly onTimes: () => void;
  readonly onFollow: () => void;
  readonly fileName: string;
}) {
  const { counts } = book;
  const atLeast = {
    DEBUG: counts.DEBUG + counts.INFO + counts.WARN + counts.ERROR,
    INFO: counts.INFO + counts.WARN + counts.ERROR,
    WARN: counts.WARN + counts.ERROR,
    ERROR: counts.ERROR,
  };
  const name = { DEBUG: 'All', INFO: 'Info and up', WARN: 'Warnings and errors', ERROR: 'Errors' };
  return (
    <div className={styles['tools']}>
      <Input
        type="search"
        className={styles['search']}
        placeholder="Search the log"
        aria-label="Search the log"
        title="l"
        value={query.text}
        onChange={({ target }) => onQuery({ ...query, text: target.value })}
        onKeyDown={onSearchKey}
      />
      {query.text !== '' && (
        <>
          <span className={styles['found']} role="status">
            {found === 0 ? 'not found' : `${formatCount(match + 1)} of ${formatCount(found)}`}
          </span>
          <IconButton
            icon="up"
            label="Previous (Shift Enter)"
            disabled={found === 0}
            onClick={() => onMatch(-1)}
          />
          <IconButton icon="down" label="Next (Enter)" disabled={found === 0} onClick={() => onMatch(1)} />
          <Button
            tone="quiet"
            icon="filter"
            aria-pressed={query.onlyMatches}
            className={styles['toggle']}
            onClick={() => onQuery({ ...query, onlyMatches: !query.onlyMatches })}
          >
            Only these
          </Button>
        </>
      )}
      <Select
        className={styles['levels']}
        aria-label="Level"
        value={query.level}
        // The options are levels.
        onChange={({ target }) => onQuery({ ...query, level: target.value as LogLevel })}
      >
        {(['DEBUG', 'INFO', 'WARN', 'ERROR'] as const).map((level) => (
          <option key={level} value={level}>
            {name[level]} ({formatCount(atLeast[level])})
          </option>
        ))}
      </Select>
      <span className={styles['ends']}>
        <IconButton
          icon="schedules"
          label={isAbsolute ? 'Show times since it started' : 'Show times of the day'}
          aria-pressed={isAbsolute}
          onClick={onTimes}
        />
        <CopyButton text={() => textOfLog(book.rows)} label="Copy the log" />
        <IconButton
          icon="download"
          label="Download the log"
          onClick={() => download(fileName, textOfLog(book.rows))}
        />
        <Button icon="end" aria-pressed={follows} className={styles['toggle']} onClick={onFollow}>
          {follows ? 'Following' : 'Follow'}
        </Button>
      </span>
    </div>
  );
}
