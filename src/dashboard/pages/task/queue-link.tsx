import { Link } from 'wouter';
import { useViewer } from '../../client/viewer.tsx';

/** A queue's name, which leads to its page for who may open it. */
export function QueueLink({ name }: { readonly name: string }) {
  const { may } = useViewer();
  return may('queues:manage') ? (
    <Link href={`/queues/${encodeURIComponent(name)}`}>{name}</Link>
  ) : (
    <>{name}</>
  );
}
