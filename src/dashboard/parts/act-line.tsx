import { TimeAgo } from './time.tsx';

/** Who did something, when and why: `by ada · 5 min ago · “the provider is down”`. */
export function ActLine({
  act,
}: {
  readonly act: {
    readonly at: string;
    readonly actor: string | null;
    readonly reason: string | null;
  };
}) {
  return (
    <span>
      {act.actor !== null && <>by {act.actor} · </>}
      <TimeAgo at={act.at} />
      {act.reason !== null && <> · “{act.reason}”</>}
    </span>
  );
}
