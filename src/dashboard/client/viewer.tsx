import { createContext, use } from 'react';

/** What a viewer may do; `admin` all of it. */
export type Scope = 'tasks:read' | 'tasks:write' | 'queues:manage' | 'schema:read' | 'metrics:read' | 'admin';

export interface Viewer {
  readonly owner: string;
  readonly scopes: readonly string[];
  /** Nobody signs in to this API. */
  readonly isAnonymous: boolean;
}

export const ViewerContext = createContext<Viewer>({ owner: '', scopes: [], isAnonymous: true });

/** Who has signed in, and what it may do: what it may not do isn't offered. */
export function useViewer(): Viewer & { readonly may: (scope: Scope) => boolean } {
  const viewer = use(ViewerContext);
  return {
    ...viewer,
    may: (scope) => viewer.scopes.includes(scope) || viewer.scopes.includes('admin'),
  };
}
