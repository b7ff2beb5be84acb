import { hasScope, type Viewer, type WatchRight, watchRights } from '../auth/viewer.ts';
import { defaultWatchMs, longestWatchMs, shortestWatchMs, type WatchToken } from '../auth/watch-tokens.ts';
import { isoMs } from '../definition/duration-scalar.ts';
import { ForbiddenError, invalidArgument, TaskNotFoundError } from '../errors.ts';
import type { Task } from '../tasks/task.ts';
import { needs, needsWatchToken } from './access.ts';
import type { Context } from './context.ts';
import { costs } from './cost.ts';
import { type ApiBuilder, described } from './state.ts';

/** Adds what watch tokens are, and the arguments by which one is asked for. */
export function addWatchTokenTypes(builder: ApiBuilder) {
  const right = builder.enumType('WatchRight', {
    description: 'What a watch token lets its holder do, with one task. The list may grow.',
    values: described(rights),
  });
  const type = builder.objectRef<WatchToken>('WatchToken').implement({
    description:
      'By it a browser without an account watches one task, and does with it what else it was given. It is shown as other ' +
      'tokens are; an `EventSource` may have it in the query of its URL: `?token=`.',
    fields: (t) => ({
      token: t.exposeString('token', { nullable: false, description: 'The token: `tww_…`.' }),
      expiresAt: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'When it ends, unless it is renewed before: then streams that it began end, too.',
        resolve: ({ expiresAt }) => new Date(expiresAt),
      }),
      rights: t.field({
        type: [right],
        nullable: false,
        description: 'What its holder may do.',
        resolve: ({ rights }) => [...rights],
      }),
    }),
  });
  const life = builder.args((arg) => ({
    expiresIn: arg.field({
      type: 'Duration',
      defaultValue: `PT${defaultWatchMs / 3_600_000}H`,
      description: 'How long it holds: `1m` to `24h`.',
    }),
  }));
  const args = {
    ...builder.args((arg) => ({
      rights: arg.field({
        type: [right],
        defaultValue: ['STATUS', 'OUTPUT'] as const,
        description: 'What its holder may do, and nothing else; `STATUS` is always among it.',
      }),
    })),
    ...life,
  };
  return { watchRight: right, watchToken: { type, args, life } };
}

/** The types that watch tokens are made of. */
export type WatchTokenTypes = ReturnType<typeof addWatchTokenTypes>;

/** The field by which a payload hands out a watch token for the task that its mutation has enqueued. */
export function watchTokenField<Payload>(
  { watchToken: { type, args } }: WatchTokenTypes,
  taskOf: (payload: Payload) => Task | undefined,
) {
  return {
    type,
    // What goes wrong with it mustn't hide that the task was enqueued.
    nullable: true,
    description:
      'A token by which a browser without an account watches this task. What the payload shows may be handed on so: ' +
      'it needs no other scope than the mutation. Null with an error, which leaves the task enqueued.',
    args,
    // Signing it takes some µs; a whole batch may have one each.
    extensions: costs({ points: 0.1 }),
    resolve: (payload: Payload, asked: Asked, context: Context) => {
      const task = taskOf(payload);
      return task === undefined ? undefined : mint(task, wantOf(asked), context);
    },
  } as const;
}

/** Adds `createWatchToken`, `renewWatchToken` and `revokeWatchTokens`. */
export function addWatchTokens(
  builder: ApiBuilder,
  { watchToken: { type, args, life } }: WatchTokenTypes,
): void {
  const payload = (name: string, description: string) =>
    builder.objectRef<{ watchToken: WatchToken }>(name).implement({
      description,
      fields: (t) => ({
        watchToken: t.expose('watchToken', { type, nullable: false, description: 'The token.' }),
      }),
    });
  const created = payload('CreateWatchTokenPayload', 'The watch token that was made.');
  const renewed = payload('RenewWatchTokenPayload', 'A token like the one before, which ends later.');
  const revoked = builder.objectRef<{ revokedAt: Date }>('RevokeWatchTokensPayload').implement({
    description: 'What became of all watch tokens.',
    fields: (t) => ({
      revokedAt: t.expose('revokedAt', {
        type: 'DateTimeISO',
        nullable: false,
        description: 'What was made before is void, in all processes within five seconds.',
      }),
    }),
  });

  builder.mutationFields((t) => ({
    createWatchToken: t.field({
      type: created,
      nullable: false,
      description:
        'Makes a token by which a browser without an account watches a task. The right `CANCEL` needs the scope ' +
        '`tasks:write`, too. An id that is not there is the error `TASK_NOT_FOUND`.',
      extensions: needs('tasks:read'),
      args: { taskId: t.arg.id({ required: true, description: "The task's id." }), ...args },
      resolve: async (_, { taskId, ...asked }, context) => {
        const want = wantOf(asked);
        if (want.rights.includes('CANCEL')) checkMayCancel(context.viewer);
        const task = await context.tasks.get(taskId);
        if (task === undefined) throw new TaskNotFoundError(taskId);
        return { watchToken: await mint(task, want, context) };
      },
    }),
    renewWatchToken: t.field({
      type: renewed,
      nullable: false,
      description:
        'Makes a token with the task and the rights of the one that this request has signed in by, which has to hold ' +
        'still. Give it to a socket in the payload of a ping, and to an `EventSource` by opening it anew. It can be ' +
        'renewed in its turn, until seven days after the first one was made; then it is the error `FORBIDDEN`.',
      extensions: needsWatchToken,
      args: life,
      resolve: async (_, { expiresIn }, { session, watchTokens }) => ({
        watchToken: await watchTokens.renew(session, lifeMsOf(expiresIn)),
      }),
    }),
    revokeWatchTokens: t.field({
      type: revoked,
      nullable: false,
      description:
        'Voids all watch tokens of all owners, as where one who should not have been could read the store. Who watches ' +
        'by one is closed out; new ones can be made at once.',
      extensions: needs('admin'),
      resolve: async (_, _args, { watchTokens }) => {
        await watchTokens.revokeAll();
        return { revokedAt: new Date() };
      },
    }),
  }));
}

/** What a client asked for, as GraphQL has it. */
interface Asked {
  readonly rights?: readonly WatchRight[] | null | undefined;
  readonly expiresIn?: string | null | undefined;
}

interface Want {
  readonly rights: readonly WatchRight[];
  readonly lifeMs: number;
}

/** @throws BadUserInputError */
function wantOf({ rights, expiresIn }: Asked): Want {
  if (rights?.length === 0)
    throw invalidArgument('rights', `Expected at least one of ${watchRights.join(', ')}.`);
  // Whatever else it shows, it shows on the task.
  const all = watchRights.filter((right) => right === 'STATUS' || (rights ?? ['OUTPUT']).includes(right));
  return { rights: all, lifeMs: lifeMsOf(expiresIn) };
}

/** @throws BadUserInputError */
function lifeMsOf(expiresIn: string | null | undefined): number {
  if (expiresIn === null || expiresIn === undefined) return defaultWatchMs;
  const ms = isoMs(expiresIn);
  if (ms !== undefined && ms >= shortestWatchMs && ms <= longestWatchMs) return ms;
  throw invalidArgument('expiresIn', `Expected '1m' to '24h'; got ${expiresIn}.`);
}

/** Who may not do a thing can't let others do it. @throws ForbiddenError */
function checkMayCancel(viewer: Viewer): void {
  if (hasScope(viewer, 'tasks:write')) return;
  throw new ForbiddenError(
    `A watch token with the right \`CANCEL\` needs the scope \`tasks:write\`. Yours: ${[...viewer.scopes].join(', ')}.`,
  );
}

/** Its holder sees the task as its owner, whoever lets it. @throws ForbiddenError where the viewer may not read or cancel it itself */
async function mint(
  task: Task,
  { rights, lifeMs }: Want,
  { watchTokens, tasks }: Context,
): Promise<WatchToken> {
  tasks.check?.('READ', task);
  if (rights.includes('CANCEL')) tasks.check?.('CANCEL', task);
  return await watchTokens.mint({ taskId: task.id, owner: task.owner, rights }, lifeMs);
}

const rights: Record<WatchRight, string> = {
  STATUS: 'Read and follow where the task is in its life: its status, progress, attempts and failure.',
  OUTPUT: 'Read its output, and read and follow what it streams.',
  LOGS: 'Read and follow its log.',
  CANCEL: 'Cancel it.',
};
