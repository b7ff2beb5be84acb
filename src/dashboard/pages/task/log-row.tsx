import { Fragment, memo } from 'react';
import type { Json } from '../../client/graphql.ts';
import { formatCount, formatDuration } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { JsonTree } from '../../parts/json-tree.tsx';
import type { LogLine, LogRow } from './log-book.ts';
import { piecesOf } from './log-search.ts';
import styles from './logs.module.css';

interface Shown {
  /** What is looked for. */
  readonly wanted: string;
  /** Its fields are shown as a tree. */
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  /** Times are told from here on, in ms; undefined tells them by the clock. */
  readonly since: number | undefined;
}

/** A row of a log. */
export function LogRowView({
  row,
  isCurrent,
  ...shown
}: Shown & { readonly row: LogRow; readonly isCurrent: boolean }) {
  if (row.kind === 'attempt') {
    return (
      <div className={styles['separator']}>
        <span>Attempt {row.attempt}</span>
      </div>
    );
  }
  if (row.kind === 'hole') {
    return (
      <div className={styles['hole']}>
        {row.count === 1 ? 'One line is' : `${formatCount(row.count)} lines are`} missing here: kept no longer
      </div>
    );
  }
  return <Line line={row.line} isCurrent={isCurrent} {...shown} />;
}

function Line({
  line,
  wanted,
  isCurrent,
  isOpen,
  onToggle,
  since,
}: Shown & { readonly line: LogLine; readonly isCurrent: boolean }) {
  const { at, level, message, fields } = line;
  const hasFields = fields !== null && fields !== undefined;
  const time = new Date(at);
  return (
    <div className={styles['line']} data-level={level} data-current={isCurrent}>
      <time dateTime={at} title={time.toLocaleString()}>
        {since === undefined ? clock(time) : distance(time.getTime() - since)}
      </time>
      <span className={styles['level']}>{level}</span>
      <div className={styles['message']}>
        <Marked text={message} wanted={wanted} />
        {hasFields && (
          <button type="button" aria-expanded={isOpen} className={styles['fields']} onClick={onToggle}>
            <Icon name={isOpen ? 'down' : 'chevron'} size={12} />
            {isOpen ? 'fields' : <Marked text={short(JSON.stringify(fields))} wanted={wanted} />}
          </button>
        )}
        {/* What came as JSON. */}
        {hasFields && isOpen && <JsonTree value={fields as Json} label="the fields" />}
      </div>
    </div>
  );
}

/** A text in which what is looked for is marked. */
const Marked = memo(function Marked({ text, wanted }: { readonly text: string; readonly wanted: string }) {
  if (wanted === '') return text;
  return piecesOf(text, wanted).map(({ text, isMatch }, index) =>
    // Pieces have no name but their place.
    isMatch ? <mark key={index}>{text}</mark> : <Fragment key={index}>{text}</Fragment>,
  );
});

function short(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

function clock(time: Date): string {
  const two = (part: number, length = 2): string => String(part).padStart(length, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${two(time.getMilliseconds(), 3)}`;
}

function distance(ms: number): string {
  const size = Math.abs(ms);
  const text = size < 60_000 ? `${(size / 1000).toFixed(3)} s` : formatDuration(size);
  return `${ms < 0 ? '−' : '+'}${text}`;
}
