import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useViewer } from '../client/viewer.tsx';

/** The address of the list of a queue's tasks. */
export function tasksOf(queue: string, ...statuses: readonly string[]): string {
  const query = new URLSearchParams({ queue });
  if (statuses.length > 0) query.set('status', statuses.join());
  return `/tasks?${query.toString()}`;
}

/** Leads to tasks, for who may read them. */
export function TasksLink({
  href,
  className,
  children,
}: {
  readonly href: string;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}) {
  const { may } = useViewer();
  if (!may('tasks:read')) return children;
  return (
    <Link href={href} className={className}>
      {children}
    </Link>
  );
}
