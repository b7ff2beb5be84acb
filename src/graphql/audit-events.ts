import { invalidArgument, UnavailableError } from '../errors.ts';
import { type AuditEvent, type AuditFilter, auditTargets } from '../tasks/audit.ts';
import { needs } from './access.ts';
import { type ConnectionTypes, isGiven, maxPageSize } from './connection.ts';
import type { ApiBuilder } from './state.ts';
import { openStream } from './stream.ts';

const defaultPageSize = 20;

/** More members than anyone picks by hand. */
const maxMembers = 100;

interface AuditConnection {
  readonly events: readonly AuditEvent[];
  readonly hasMore: boolean;
  readonly endCursor: string | undefined;
  readonly isLater: boolean;
}

/** Adds `auditEvents` and `auditEventsAppended`. */
export function addAuditEvents(builder: ApiBuilder, { pageInfo }: ConnectionTypes): void {
  const { connection, event, filter } = addTypes(builder, pageInfo);
  builder.queryField('auditEvents', (t) =>
    t.field({
      type: connection,
      nullable: false,
      description:
        'Who did what to which, newest first: every mutation but enqueues, whatever could not sign in, whatever was ' +
        'refused as `FORBIDDEN`. Enqueues as well where the API was told so.',
      extensions: needs('admin'),
      args: {
        filter: t.arg({ type: filter, description: 'Which events. All of them unless given.' }),
        first: t.arg.int({ description: `So many, 1 to ${maxPageSize}; ${defaultPageSize} unless given.` }),
        after: t.arg.string({ description: 'Only what comes after this cursor.' }),
      },
      resolve: async (_, { filter, first, after }, { audit }): Promise<AuditConnection> => {
        const limit = first ?? defaultPageSize;
        if (limit < 1 || limit > maxPageSize) {
          throw invalidArgument('first', `Expected 1 to ${maxPageSize}, got ${limit}.`);
        }
        const isLater = isGiven(after);
        if (audit === undefined) return { events: [], hasMore: false, endCursor: undefined, isLater };
        return { ...(await audit.page(filterOf(filter), limit, after ?? undefined)), isLater };
      },
    }),
  );

  builder.subscriptionField('auditEventsAppended', (t) =>
    t.field({
      type: [event],
      nullable: { list: false, items: false },
      description:
        'Events of all API processes as they come, newest last, at most about twice a second. Ends only with the connection; ' +
        'who comes again with the last `id` as `after` has missed none.',
      extensions: needs('admin'),
      args: {
        filter: t.arg({ type: filter, description: 'Which events. All of them unless given.' }),
        after: t.arg.string({
          description: 'What comes after this cursor, or `id` of an event. From now on unless given.',
        }),
      },
      subscribe: async (_, { filter, after }, { audit }) => {
        if (audit === undefined) throw new UnavailableError();
        const [which, cursor] = [filterOf(filter), await audit.cursor(after ?? undefined)];
        return openStream((signal) => audit.watch(which, cursor, { signal }));
      },
      resolve: (events) => events,
    }),
  );
}

function addTypes(builder: ApiBuilder, pageInfo: ConnectionTypes['pageInfo']) {
  const kind = builder.enumType('AuditTargetKind', {
    description: 'What an action was for.',
    values: Object.fromEntries(auditTargets.map((name) => [name, { description: described[name] }])) as {
      [Kind in (typeof auditTargets)[number]]: { description: string };
    },
  });
  const target = builder.objectRef<NonNullable<AuditEvent['target']>>('AuditTarget').implement({
    description: 'To which something was done.',
    fields: (t) => ({
      kind: t.expose('kind', { type: kind, nullable: false, description: 'What it is.' }),
      id: t.field({
        type: 'String',
        nullable: true,
        description:
          'Its id or name; for many by a filter that filter, as JSON. Up to 500 characters, as it was sent.',
        resolve: ({ id }) => id,
      }),
    }),
  });
  const event = builder.objectRef<AuditEvent>('AuditEvent').implement({
    description: 'Something that was done, or tried.',
    fields: (t) => ({
      id: t.exposeID('id', { nullable: false, description: 'Its own id.' }),
      at: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'When it was done.',
        resolve: ({ at }) => new Date(at),
      }),
      actor: t.exposeString('actor', {
        nullable: true,
        description: 'The owner who did it. Null where nobody had signed in.',
      }),
      credential: t.exposeString('credential', {
        nullable: true,
        description: 'By what the actor had signed in, as `token:ID`, `jwt`, `open`.',
      }),
      action: t.exposeString('action', {
        nullable: false,
        description: 'The field that was asked for, as `cancelTask`; `AUTHENTICATION_FAILED` of a sign-in.',
      }),
      target: t.field({
        type: target,
        nullable: true,
        description: 'To which it was done.',
        resolve: ({ target }) => target,
      }),
      outcome: t.exposeString('outcome', {
        nullable: false,
        description:
          '`OK`; `NOT_ACCEPTED` where the target stayed as it was; `DRY_RUN`; else the `extensions.code` of the error.',
      }),
      reason: t.exposeString('reason', { nullable: true, description: 'Why, where the actor said so.' }),
      address: t.exposeString('address', { nullable: true, description: 'Where the request came from.' }),
      count: t.expose('count', {
        type: 'PositiveInt',
        nullable: false,
        description:
          'How many it stands for: more than one where an action of one actor or address failed more than ten times in a second.',
      }),
    }),
  });
  const edge = builder.objectRef<AuditEvent>('AuditEventEdge').implement({
    description: 'An event and its place in the list.',
    fields: (t) => ({
      node: t.field({ type: event, nullable: false, description: 'The event.', resolve: (event) => event }),
      cursor: t.exposeString('id', { nullable: false, description: 'Its place, for `after`.' }),
    }),
  });
  const connection = builder.objectRef<AuditConnection>('AuditEventConnection').implement({
    description: 'One page of events.',
    fields: (t) => ({
      edges: t.expose('events', {
        type: [edge],
        nullable: { list: false, items: false },
        description: 'The events of this page with their cursors.',
      }),
      nodes: t.expose('events', {
        type: [event],
        nullable: { list: false, items: false },
        description: 'The events of this page.',
      }),
      pageInfo: t.field({
        type: pageInfo,
        nullable: false,
        description: 'How to go on. A page may hold less than `first` and have more after it.',
        resolve: ({ events, hasMore, endCursor, isLater }) => ({
          hasNextPage: hasMore,
          hasPreviousPage: isLater,
          startCursor: events[0]?.id,
          endCursor,
        }),
      }),
    }),
  });
  const filter = builder.inputType('AuditEventFilter', {
    description: 'Which events: all fields that are given must match; a list matches by any of its members.',
    fields: (t) => ({
      actors: t.stringList({ description: 'Owners.' }),
      actions: t.stringList({ description: 'Fields that were asked for, or `AUTHENTICATION_FAILED`.' }),
      targets: t.stringList({ description: 'Ids or names of what it was done to.' }),
      outcomes: t.stringList({ description: '`OK`, or codes of errors.' }),
      from: t.field({ type: 'DateTimeISO', description: 'At this time or later.' }),
      to: t.field({ type: 'DateTimeISO', description: 'Before this time.' }),
    }),
  });
  return { connection, event, filter };
}

const described = {
  TASK: 'A task, or tasks of a filter.',
  BATCH: 'A batch.',
  QUEUE: 'A queue.',
  WORKER: 'A worker.',
  DEFINITION: 'A definition of tasks.',
  SCHEDULE: 'A schedule.',
  TOKEN: 'An API token or a watch token.',
} as const;

interface FilterInput {
  readonly actors?: readonly string[] | null | undefined;
  readonly actions?: readonly string[] | null | undefined;
  readonly targets?: readonly string[] | null | undefined;
  readonly outcomes?: readonly string[] | null | undefined;
  readonly from?: Date | null | undefined;
  readonly to?: Date | null | undefined;
}

function filterOf(input: FilterInput | null | undefined): AuditFilter {
  const { from, to, ...lists } = input ?? {};
  for (const [name, members] of Object.entries(lists)) {
    if ((members?.length ?? 0) <= maxMembers) continue;
    throw invalidArgument(`filter.${name}`, `Expected at most ${maxMembers} members.`);
  }
  return {
    actors: lists.actors ?? undefined,
    actions: lists.actions ?? undefined,
    targets: lists.targets ?? undefined,
    outcomes: lists.outcomes ?? undefined,
    from: from?.getTime(),
    to: to?.getTime(),
  };
}
