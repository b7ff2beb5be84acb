/** What a viewer may do, each by itself; `admin` may do all of it, with the things of every owner. */
export const scopes = [
  'tasks:read',
  'tasks:write',
  'queues:manage',
  'schema:read',
  'metrics:read',
  'admin',
] as const;
export type Scope = (typeof scopes)[number];

/** What a watch token lets its holder see and do, of one task. */
export const watchRights = ['STATUS', 'OUTPUT', 'LOGS', 'CANCEL'] as const;
export type WatchRight = (typeof watchRights)[number];

/** Who asks: everything that authorisation reads, and nothing else. */
export interface Viewer {
  /** Whose things it may see, and whose things it makes. */
  readonly owner: string;
  readonly scopes: ReadonlySet<Scope>;
  /** There where it may see one task alone; it has no scopes then. */
  readonly watch: { readonly taskId: string; readonly rights: ReadonlySet<WatchRight> } | undefined;
  /** What the sign-in says of it beside, for `authorize`. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The same for two viewers with the same rights, and for no others: what is made for one may be shown to the other. */
  readonly key: string;
}

/** Makes a viewer, and its key. */
export function viewerOf(
  owner: string,
  given: {
    readonly scopes?: Iterable<Scope>;
    readonly watch?: { readonly taskId: string; readonly rights: Iterable<WatchRight> };
    readonly claims?: Readonly<Record<string, unknown>>;
  },
): Viewer {
  const { claims = {} } = given;
  const scopes = new Set([...(given.scopes ?? [])].toSorted());
  const watch = given.watch && {
    taskId: given.watch.taskId,
    rights: new Set([...given.watch.rights].toSorted()),
  };
  const key = JSON.stringify([owner, [...scopes], watch ? [watch.taskId, [...watch.rights]] : null, claims]);
  return { owner, scopes, watch, claims, key };
}

/** Whether a viewer may do what a scope allows. */
export function hasScope({ scopes }: Viewer, scope: Scope): boolean {
  return scopes.has(scope) || scopes.has('admin');
}
