import { useNow } from '../hooks/use-now.ts';
import { formatAge, formatDuration } from './format.ts';

/** When something was, or will be: `3 min ago`, `in 2 h`, with the exact time for who points at it. */
export function TimeAgo({ at }: { readonly at: string | null | undefined }) {
  const now = useNow();
  if (at === null || at === undefined) return <span className="faint">–</span>;
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()} className="number">
      {formatAge(Date.parse(at) - now)}
    </time>
  );
}

/** How long something has taken, or takes so far while it has no end. */
export function Elapsed({
  from,
  to,
}: {
  readonly from: string | null | undefined;
  readonly to?: string | null | undefined;
}) {
  const now = useNow();
  if (from === null || from === undefined) return <span className="faint">–</span>;
  const end = to === null || to === undefined ? now : Date.parse(to);
  return <span className="number">{formatDuration(Math.max(0, end - Date.parse(from)))}</span>;
}
