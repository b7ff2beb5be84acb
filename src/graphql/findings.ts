import type { Finding } from '../tasks/doctor/finding.ts';
import type { FindingList } from '../tasks/finding-watch.ts';
import { needs } from './access.ts';
import { costs } from './cost.ts';
import { sharedStates } from './shared-states.ts';
import type { ApiBuilder } from './state.ts';
import { openStartedStream } from './stream.ts';

/** Adds what needs attention: `findings`, `findingsUpdated`. */
export function addFindings(builder: ApiBuilder): void {
  const finding = addFindingTypes(builder);

  builder.queryField('findings', (t) =>
    t.field({
      type: [finding],
      nullable: { list: false, items: false },
      description:
        'What needs attention in the store and its queues, failures first: what `taskwire doctor` says, but for its search ' +
        'for what a crash left behind. Empty where all is well. What the store keeps secret is no finding. Takes 1.5 s ' +
        'longer where a queue seems to be stuck, to be sure.',
      extensions: { ...needs('queues:manage'), ...costs({ points: 10, size: 1 }) },
      resolve: (_, _args, { tasks }) => tasks.health.findings(),
    }),
  );

  builder.subscriptionField('findingsUpdated', (t) =>
    t.field({
      type: [finding],
      nullable: { list: false, items: false },
      description:
        'All that needs attention as it is now, then again whenever that changed: looked at when something happens, at most ' +
        'every 2 s, and every 10 s anyway. Numbers alone, as of how long something waits, are told every 10 s. While ' +
        'the store is away that is the one finding. Ends only with the connection.',
      extensions: {
        ...needs('queues:manage'),
        ...costs({ points: 10, size: 1 }),
        ...sharedStates<FindingList>(
          ({ version }) => version,
          () => 'findings',
        ),
      },
      subscribe: (_, _args, { tasks, signal }) =>
        openStartedStream((signal) => tasks.health.watch({ signal }), signal),
      resolve: ({ findings }) => findings,
    }),
  );
}

function addFindingTypes(builder: ApiBuilder) {
  const level = builder.enumType('FindingLevel', {
    description: 'How bad it is.',
    values: {
      WARNING: { description: 'It should be looked at.' },
      FAILURE: { description: 'Tasks are lost, refused, or wait for ever, unless something is done.' },
    },
  });
  return builder.objectRef<Finding>('Finding').implement({
    description: 'Something that needs attention.',
    fields: (t) => ({
      check: t.exposeString('check', {
        nullable: false,
        description:
          'Which check found it, as `waiting` or `memory`. Those are listed in docs/operations.md.',
      }),
      level: t.field({
        type: level,
        nullable: false,
        description: 'How bad it is.',
        resolve: ({ mark }) => (mark === 'FAIL' ? ('FAILURE' as const) : ('WARNING' as const)),
      }),
      queue: t.exposeString('queue', {
        nullable: true,
        description: 'The queue that it is about; null of the store, and of what concerns all queues.',
      }),
      definition: t.exposeString('definition', {
        nullable: true,
        description: 'The definition whose tasks it is about, where it is about one.',
      }),
      found: t.exposeString('found', { nullable: false, description: 'What was found, for people.' }),
      todo: t.exposeString('todo', {
        nullable: true,
        description: 'What to do about it, for people; null where nothing is known.',
      }),
    }),
  });
}
