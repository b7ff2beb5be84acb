import { useNow } from '../../hooks/use-now.ts';
import { formatDuration } from '../../parts/format.ts';

/** A time to come, counted down to the second. */
export function DueIn({ at }: { readonly at: string | null }) {
  const now = useNow();
  if (at === null) return <>soon</>;
  const left = Date.parse(at) - now;
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()} className="number">
      <strong>{left < 1000 ? 'now' : `in ${formatDuration(left)}`}</strong>
    </time>
  );
}
