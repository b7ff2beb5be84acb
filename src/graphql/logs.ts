import { invalidArgument } from '../errors.ts';
import { streamNamePattern } from '../tasks/journal.ts';
import { type LogBatch, type LogEntry, type LogLevel, type StreamBatch } from '../tasks/logs.ts';
import { needs } from './access.ts';
import { costs } from './cost.ts';
import { type ApiBuilder, described } from './state.ts';
import { openStartedStream } from './stream.ts';
import type { TaskTypes } from './task.ts';
import { need } from './watched-task.ts';

/** The most that one look at a log or a stream gives. */
const mostEntries = 1_000;

/** Pages are parts of what there is, batches of a subscription aren't. */
type Part = { readonly hasMore?: boolean };

const droppedHelp =
  'How many are missing before these, because nobody can read them any more: the oldest go when there are too many ' +
  '(`logs` of the definition), when their retention is over, or when the store could not keep up.';

/** Adds what tasks log and stream: fields of `Task` to read it once, subscriptions to follow it. */
export function addLogs(builder: ApiBuilder, { task }: TaskTypes): void {
  const level = builder.enumType('TaskLogLevel', {
    description: 'How important a line of a log is.',
    values: described(levels),
  });
  const entry = builder.objectRef<LogEntry>('TaskLogEntry').implement({
    description: "A line of a task's log.",
    fields: (t) => ({
      index: t.expose('index', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Counted from 0 over the whole life of the task.',
      }),
      at: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'When `run` said it, by the clock of its worker.',
        resolve: ({ at }) => new Date(at),
      }),
      level: t.expose('level', { type: level, nullable: false, description: 'How important it is.' }),
      attempt: t.expose('attempt', {
        type: 'PositiveInt',
        nullable: false,
        description: 'The attempt that said it.',
      }),
      message: t.exposeString('message', { nullable: false, description: 'For people, up to 8 KB.' }),
      fields: t.expose('fields', {
        type: 'JSON',
        nullable: true,
        description: 'What came with it, if anything.',
      }),
    }),
  });
  const lines = builder.objectRef<LogBatch & Part>('TaskLogBatch').implement({
    description: "Lines of a task's log, in order.",
    fields: (t) => ({
      entries: t.field({
        type: [entry],
        nullable: false,
        description: 'The lines; perhaps none.',
        resolve: ({ entries }) => [...entries],
      }),
      dropped: t.expose('dropped', { type: 'NonNegativeInt', nullable: false, description: droppedHelp }),
      lastIndex: t.exposeInt('lastIndex', {
        nullable: false,
        description: 'What to give as `after` to go on from here; -1 where there was nothing yet.',
      }),
      hasMore: t.boolean({
        nullable: false,
        description: hasMoreHelp,
        resolve: ({ hasMore }) => hasMore === true,
      }),
    }),
  });
  const chunks = builder.objectRef<StreamBatch & Part>('TaskStreamBatch').implement({
    description: "Chunks of one of a task's streams, in order, all of one attempt.",
    fields: (t) => ({
      chunks: t.field({
        type: ['String'],
        nullable: false,
        description: 'The chunks as they were written; perhaps none.',
        resolve: ({ chunks }) => [...chunks],
      }),
      text: t.string({
        nullable: false,
        description: 'The chunks as one text.',
        resolve: ({ chunks }) => chunks.join(''),
      }),
      attempt: t.expose('attempt', {
        type: 'PositiveInt',
        nullable: true,
        description: 'The attempt that wrote them: a higher one begins anew. Null where there are none.',
      }),
      dropped: t.expose('dropped', { type: 'NonNegativeInt', nullable: false, description: droppedHelp }),
      lastIndex: t.exposeInt('lastIndex', {
        nullable: false,
        description:
          'The index of the last chunk, counted from 0 over the whole life of the task: what to give as `after` to go on ' +
          'from here; -1 where there was nothing yet.',
      }),
      hasMore: t.boolean({
        nullable: false,
        description: hasMoreHelp,
        resolve: ({ hasMore }) => hasMore === true,
      }),
    }),
  });

  builder.interfaceFields(task, (t) => ({
    log: t.field({
      type: lines,
      nullable: false,
      description: 'What its `run` has logged so far. To follow it, subscribe to `taskLogAppended`.',
      extensions: costs({ points: 2, size: 100 }),
      args: {
        after: t.arg.int({ description: afterHelp }),
        first: t.arg.int({ description: firstHelp }),
        level: t.arg({ type: level, description: levelHelp }),
      },
      resolve: ({ id }, { after, first, level }, { tasks }) =>
        tasks.logs.read(id, { ...given({ after, level }), first: checkedFirst(first) }),
    }),
    stream: t.field({
      type: chunks,
      nullable: false,
      description:
        'What its `run` has written to a stream so far, of the first attempt that has something there. To follow it, ' +
        'subscribe to `taskStreamAppended`.',
      extensions: costs({ points: 2, each: 0.1, size: 100 }),
      args: {
        name: t.arg.string({ required: true, description: nameHelp }),
        after: t.arg.int({ description: afterHelp }),
        first: t.arg.int({ description: firstHelp }),
      },
      resolve: ({ id }, { name, after, first }, { tasks }) =>
        tasks.logs.readStream(id, checkedName(name), { ...given({ after }), first: checkedFirst(first) }),
    }),
    streams: t.field({
      type: ['String'],
      nullable: false,
      description:
        'The names of the streams that its `run` has written to, in the order in which they began.',
      resolve: ({ streams = [] }, _, { viewer }) => {
        // A state that is shown without the right has none of them: that is said, not shown as if there were none.
        if (viewer.watch !== undefined) need(viewer.watch, 'OUTPUT');
        return [...streams];
      },
    }),
  }));

  builder.subscriptionFields((t) => ({
    taskLogAppended: t.field({
      type: lines,
      nullable: false,
      description:
        'What a task has logged after an index, at once and perhaps nothing, then each new line, once and in order, and ' +
        'the end when the task has ended. An id that is not there is the error `TASK_NOT_FOUND`.',
      extensions: needs('tasks:read', ['LOGS']),
      args: {
        id: t.arg.id({ required: true, description: "The task's id." }),
        after: t.arg.int({ description: afterHelp }),
        level: t.arg({ type: level, description: levelHelp }),
      },
      subscribe: (_, { id, after, level }, { tasks, signal }) =>
        openStartedStream((signal) => tasks.logs.follow(id, { ...given({ after, level }), signal }), signal),
      resolve: (batch) => batch,
    }),
    taskStreamAppended: t.field({
      type: chunks,
      nullable: false,
      description:
        'What a task has written to a stream after an index, at once and perhaps nothing, then each new chunk, once and ' +
        'in order, and the end when the task has ended. An id that is not there is the error `TASK_NOT_FOUND`.',
      extensions: needs('tasks:read', ['OUTPUT']),
      args: {
        id: t.arg.id({ required: true, description: "The task's id." }),
        name: t.arg.string({ required: true, description: nameHelp }),
        after: t.arg.int({ description: afterHelp }),
      },
      subscribe: (_, { id, name, after }, { tasks, signal }) => {
        const stream = checkedName(name);
        return openStartedStream(
          (signal) => tasks.logs.followStream(id, stream, { ...given({ after }), signal }),
          signal,
        );
      },
      resolve: (batch) => batch,
    }),
  }));
}

const afterHelp =
  'Only what comes after this index: `lastIndex` of what you had last. From the beginning unless given.';
const firstHelp = `At most so many, 1 to ${mostEntries}; 100 unless given, and fewer where they are long.`;
const levelHelp = 'Only lines that are at least so important. All of them unless given.';
const nameHelp = 'The name that `run` has given it. It may have no chunk yet.';
const hasMoreHelp =
  'True where a field has left out some that are there: ask again after `lastIndex`. A subscription tells them by itself.';

const levels: Record<LogLevel, string> = {
  DEBUG: 'Details, for whoever looks for a mistake.',
  INFO: 'What goes as it should.',
  WARN: 'What may need a look.',
  ERROR: 'What has failed.',
};

/** What a client has given: null stands for nothing. */
function given<Values extends Readonly<Record<string, unknown>>>(values: Values): Given<Values> {
  // Only entries without null and undefined are left, as the type says.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value != null)) as Given<Values>;
}
type Given<Values> = { readonly [Name in keyof Values]?: NonNullable<Values[Name]> };

function checkedFirst(first: number | null | undefined): number {
  if (first === null || first === undefined) return 100;
  if (first >= 1 && first <= mostEntries) return first;
  throw invalidArgument('first', `Expected 1 to ${mostEntries}, got ${first}.`);
}

function checkedName(name: string): string {
  if (streamNamePattern.test(name)) return name;
  throw invalidArgument('name', `Expected a name that matches ${streamNamePattern.source}, got '${name}'.`);
}
