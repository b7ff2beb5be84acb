import { lazy, type ComponentType } from 'react';
import type { Scope } from './client/viewer.tsx';
import type { IconName } from './parts/icon.tsx';

/** A page in the navigation. */
export interface Section {
  readonly path: string;
  readonly name: string;
  readonly icon: IconName;
  /** What one needs to see it. */
  readonly scope: Scope;
  /** `g` and this letter lead there. */
  readonly key: string;
}

/** The pages of the navigation, in its order. */
export const sections: readonly Section[] = [
  { path: '/', name: 'Overview', icon: 'overview', scope: 'queues:manage', key: 'o' },
  { path: '/tasks', name: 'Tasks', icon: 'tasks', scope: 'tasks:read', key: 't' },
  { path: '/enqueue', name: 'Enqueue', icon: 'enqueue', scope: 'tasks:write', key: 'e' },
  { path: '/queues', name: 'Queues', icon: 'queues', scope: 'queues:manage', key: 'q' },
  { path: '/workers', name: 'Workers', icon: 'workers', scope: 'queues:manage', key: 'w' },
  { path: '/schedules', name: 'Schedules', icon: 'schedules', scope: 'tasks:read', key: 's' },
  { path: '/audit', name: 'Audit', icon: 'audit', scope: 'admin', key: 'a' },
];

interface Route {
  readonly path: string;
  readonly scope: Scope;
  readonly Page: ComponentType<{ readonly params: Readonly<Record<string, string>> }>;
}

/** Which page an address shows. Each is loaded when it is first opened. */
export const routes: readonly Route[] = [
  { path: '/', scope: 'queues:manage', Page: lazy(async () => await import('./pages/overview.tsx')) },
  { path: '/tasks', scope: 'tasks:read', Page: lazy(async () => await import('./pages/tasks.tsx')) },
  { path: '/tasks/:id', scope: 'tasks:read', Page: lazy(async () => await import('./pages/task.tsx')) },
  { path: '/enqueue', scope: 'tasks:write', Page: lazy(async () => await import('./pages/enqueue.tsx')) },
  {
    path: '/enqueue/:name',
    scope: 'tasks:write',
    Page: lazy(async () => await import('./pages/enqueue.tsx')),
  },
  { path: '/queues', scope: 'queues:manage', Page: lazy(async () => await import('./pages/queues.tsx')) },
  {
    path: '/queues/:name',
    scope: 'queues:manage',
    Page: lazy(async () => await import('./pages/queue.tsx')),
  },
  { path: '/workers', scope: 'queues:manage', Page: lazy(async () => await import('./pages/workers.tsx')) },
  { path: '/schedules', scope: 'tasks:read', Page: lazy(async () => await import('./pages/schedules.tsx')) },
  { path: '/audit', scope: 'admin', Page: lazy(async () => await import('./pages/audit.tsx')) },
];
