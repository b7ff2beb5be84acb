import { openOwner } from '../auth/owner.ts';
import type { Session } from '../auth/session.ts';
import { forAnyone } from './access.ts';
import { type ApiBuilder, date } from './state.ts';
import type { WatchTokenTypes } from './watch-token.ts';

/** Adds `viewer`: by whom a client is taken for. */
export function addViewer(builder: ApiBuilder, { watchRight }: WatchTokenTypes): void {
  const viewer = builder.objectRef<Session>('Viewer').implement({
    description: 'Who you are to the API, and what you may do.',
    fields: (t) => ({
      owner: t.string({
        nullable: false,
        description: 'Whose tasks, batches and schedules you see, and whose those are that you make.',
        resolve: ({ viewer }) => viewer.owner,
      }),
      scopes: t.stringList({
        nullable: false,
        description:
          'What you may do: `tasks:read`, `tasks:write`, `queues:manage`, `schema:read`, `metrics:read`; `admin` is all of it, for every ' +
          'owner. The list may grow. None of a watch token, which has `watchRights`.',
        resolve: ({ viewer }) => [...viewer.scopes],
      }),
      isAnonymous: t.boolean({
        nullable: false,
        description: 'True where nobody signs in, as the API is open to all.',
        resolve: ({ viewer }) => viewer.owner === openOwner,
      }),
      expiresAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When your sign-in ends; null where only a revocation ends it.',
        resolve: ({ expiresAt }) => date(expiresAt),
      }),
      taskId: t.id({
        nullable: true,
        description: 'The one task that you may see; null where you have not signed in by a watch token.',
        resolve: ({ viewer }) => viewer.watch?.taskId,
      }),
      watchRights: t.field({
        type: [watchRight],
        nullable: false,
        description: 'What you may do with that task; none where you have not signed in by a watch token.',
        resolve: ({ viewer }) => [...(viewer.watch?.rights ?? [])],
      }),
    }),
  });

  builder.queryField('viewer', (t) =>
    t.field({
      type: viewer,
      nullable: false,
      description: 'You, as you have signed in, by a watch token too; everybody where nobody signs in.',
      extensions: forAnyone,
      resolve: (_, _args, { session }) => session,
    }),
  );
}
