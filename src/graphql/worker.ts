import { hasScope } from '../auth/viewer.ts';
import { invalidArgument } from '../errors.ts';
import type { Task } from '../tasks/task.ts';
import { mostRuns } from '../tasks/workers.ts';
import type { WorkerQueue, WorkerRun, WorkerState } from '../tasks/worker-state.ts';
import type { Context } from './context.ts';
import { costs } from './cost.ts';
import type { QueueTypes } from './queue.ts';
import { type ApiBuilder, date } from './state.ts';
import type { TaskTypes } from './task.ts';

const usualRuns = 20;

/** A run with the task that it is of, where that is for the viewer to see. */
interface ShownRun extends WorkerRun {
  readonly task: Task | undefined;
}

/** Adds `Worker` and what belongs to it. */
export function addWorkerTypes(builder: ApiBuilder, { task, act }: QueueTypes & Pick<TaskTypes, 'task'>) {
  const queue = addWorkerQueue(builder);
  const run = addWorkerRun(builder, task);

  const worker = builder.objectRef<WorkerState>('Worker').implement({
    description: 'A process that runs tasks, as it said itself when it last renewed its lease.',
    fields: (t) => ({
      id: t.exposeID('id', {
        nullable: false,
        description: 'Of this run of it: one that is started anew has another id.',
      }),
      host: t.exposeString('host', {
        nullable: false,
        description: 'The name of its machine, or container.',
      }),
      pid: t.expose('pid', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'The id of its process there.',
      }),
      version: t.exposeString('version', {
        nullable: false,
        description: 'The version of Taskwire that it runs.',
      }),
      startedAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'Since when it is there; null where its version does not tell.',
        resolve: ({ startedAt }) => date(startedAt),
      }),
      renewedAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description:
          'When it last renewed its lease: it does so every third of it, every 5 s unless told otherwise.',
        resolve: ({ renewedAt }) => date(renewedAt),
      }),
      isDraining: t.boolean({
        nullable: false,
        description: 'True while it takes nothing more, and finishes what it runs.',
        resolve: ({ drain }) => drain !== undefined,
      }),
      drain: t.expose('drain', {
        type: act,
        nullable: true,
        description: 'Who drains it, since when and why; null while nobody does.',
      }),
      slots: t.field({
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Tasks that it may run at once, in all of its queues together.',
        resolve: ({ queues }) => queues.reduce((sum, { slots }) => sum + slots, 0),
      }),
      busy: t.field({
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Tasks that it runs, those that wait for their children included.',
        resolve: ({ queues }) => queues.reduce((sum, { busy }) => sum + busy, 0),
      }),
      load: t.exposeFloat('load', {
        nullable: true,
        description:
          'How much of a processor its process has used since it renewed its lease before, where 1 is one core; null in its first seconds.',
      }),
      memoryBytes: t.expose('memoryBytes', {
        type: 'SafeInt',
        nullable: true,
        description: 'The memory that its process holds (RSS), when it last renewed its lease.',
      }),
      queues: t.expose('queues', {
        type: [queue],
        nullable: { list: false, items: false },
        description: 'What it serves, by name.',
      }),
      definitions: t.exposeStringList('definitions', {
        nullable: false,
        description: 'Of which definitions it runs tasks.',
      }),
      runs: t.field({
        type: [run],
        nullable: { list: false, items: false },
        description: 'What it runs now, the longest first.',
        extensions: costs({ size: usualRuns }),
        args: { first: t.arg.int({ description: `So many, 1 to ${mostRuns}; ${usualRuns} unless given.` }) },
        resolve: (worker, { first }, context) => shownRuns(worker, checkedFirst(first), context),
      }),
    }),
  });

  return { worker };
}

/** The types of workers that other parts of the API show. */
export type WorkerTypes = ReturnType<typeof addWorkerTypes>;

function addWorkerQueue(builder: ApiBuilder) {
  return builder.objectRef<WorkerQueue>('WorkerQueue').implement({
    description: "A worker's part in one queue.",
    fields: (t) => ({
      name: t.exposeString('name', { nullable: false, description: "The queue's name." }),
      slots: t.expose('slots', {
        type: 'NonNegativeInt',
        nullable: false,
        description:
          'Tasks of it that the worker may run at once; a run that waits for its children lends its slot, which is then one more.',
      }),
      busy: t.expose('busy', {
        type: 'NonNegativeInt',
        nullable: false,
        description: 'Tasks of it that the worker runs, those that wait for their children included.',
      }),
    }),
  });
}

function addWorkerRun(builder: ApiBuilder, task: TaskTypes['task']) {
  return builder.objectRef<ShownRun>('WorkerRun').implement({
    description: 'A task that a worker runs.',
    fields: (t) => ({
      queue: t.exposeString('queue', { nullable: false, description: 'The queue that it came from.' }),
      definition: t.exposeString('definition', {
        nullable: false,
        description: 'The definition that it was made from.',
      }),
      task: t.expose('task', {
        type: task,
        nullable: true,
        description: "The task; null where you may not read tasks, or it is somebody else's.",
      }),
      attempt: t.expose('attempt', {
        type: 'PositiveInt',
        nullable: false,
        description: 'The number of the attempt.',
      }),
      startedAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When the attempt began.',
        resolve: ({ startedAt }) => date(startedAt),
      }),
    }),
  });
}

/** Each task is asked for as the viewer: whose it is, is the definitions' and the owner's to say. */
async function shownRuns(worker: WorkerState, most: number, { tasks, viewer }: Context): Promise<ShownRun[]> {
  const runs = await tasks.workers.runs(worker, most);
  const mayRead = hasScope(viewer, 'tasks:read');
  const found = mayRead && runs.length > 0 ? await tasks.getMany(runs.map(({ id }) => id)) : [];
  return runs.map((run, place) => ({ ...run, task: found[place] }));
}

function checkedFirst(first: number | null | undefined): number {
  const most = first ?? usualRuns;
  if (most >= 1 && most <= mostRuns) return most;
  throw invalidArgument('first', `Expected 1 to ${mostRuns}, got ${most}.`);
}
