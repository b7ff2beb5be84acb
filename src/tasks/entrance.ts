import type { CompiledDefinition } from '../definition/types.ts';
import type { Traces } from '../traces.ts';
import type { EnqueuedBatch } from './new-batch.ts';
import type { Batches } from './batches.ts';
import { draftTask, type EnqueuedTask, enqueuedTask, type EnqueueOptions, type Origin } from './draft.ts';
import type { Lanes } from './lanes.ts';
import type { OwnerRoom } from './new-task.ts';
import type { OwnerGate } from './owner-limits.ts';
import type { Store } from './store.ts';
import { enqueueSpanning } from './task-spans.ts';

/** Where tasks come in, one by one or as batches: past what their owner may enqueue, into the store, and to a slot. */
export class Entrance {
  readonly #store: Store;
  readonly #lanes: Lanes;
  readonly #batches: Batches;
  readonly #gate: OwnerGate;
  readonly #traces: Traces | undefined;

  constructor(parts: {
    readonly store: Store;
    readonly lanes: Lanes;
    readonly batches: Batches;
    readonly gate: OwnerGate;
    /** Where each coming in is told of, if that is wanted. */
    readonly traces: Traces | undefined;
  }) {
    this.#store = parts.store;
    this.#lanes = parts.lanes;
    this.#batches = parts.batches;
    this.#gate = parts.gate;
    this.#traces = parts.traces;
  }

  /** Writes a task and wakes a slot for it. @throws as `Tasks.enqueue` */
  async enqueue(
    compiled: CompiledDefinition,
    input: unknown,
    options: EnqueueOptions,
    origin: Origin = {},
  ): Promise<EnqueuedTask> {
    if (this.#traces === undefined) return await this.#write(compiled, input, options, origin);
    const { name } = compiled.definition;
    return await enqueueSpanning(this.#traces, name, options.trace, async (trace, span) => {
      const task = await this.#write(compiled, input, traced(options, trace), origin);
      if (task.deduplicated) span.note({ 'taskwire.deduplicated': true });
      return task;
    });
  }

  /** Writes a batch of tasks, and wakes slots for them. @throws as `Tasks.enqueueBatch` */
  async enqueueBatch(
    compiled: CompiledDefinition,
    inputs: readonly unknown[],
    options: EnqueueOptions,
  ): Promise<EnqueuedBatch> {
    if (this.#traces === undefined) return await this.#writeBatch(compiled, inputs, options);
    const { name } = compiled.definition;
    const enqueue = async (trace: string | undefined) => {
      const enqueued = await this.#writeBatch(compiled, inputs, traced(options, trace));
      return { id: enqueued.batch.id, enqueued };
    };
    return (await enqueueSpanning(this.#traces, name, options.trace, enqueue, inputs.length)).enqueued;
  }

  async #write(
    compiled: CompiledDefinition,
    input: unknown,
    options: EnqueueOptions,
    origin: Origin,
  ): Promise<EnqueuedTask> {
    const { queue } = compiled.definition;
    const room = await this.#enter(queue, options, 1);
    const draft = await draftTask(compiled, input, options, { ...origin, room });
    const { hints, ...created } = await this.#store.create(queue, draft);
    const task = enqueuedTask(draft, created);
    this.#lanes.of(queue).push(hints);
    return task;
  }

  async #writeBatch(
    compiled: CompiledDefinition,
    inputs: readonly unknown[],
    options: EnqueueOptions,
  ): Promise<EnqueuedBatch> {
    const room = await this.#enter(compiled.definition.queue, options, 1 + inputs.length / 100);
    return await this.#batches.enqueue(compiled, inputs, options, room);
  }

  async #enter(queue: string, options: EnqueueOptions, cost: number): Promise<OwnerRoom | undefined> {
    const { limits, owner = 'anonymous' } = options;
    if (limits === undefined) return undefined;
    return await this.#gate.enter({ owner, queue, cost: options.cost ?? cost }, limits);
  }
}

function traced(options: EnqueueOptions, trace: string | undefined): EnqueueOptions {
  return trace === undefined ? options : { ...options, trace };
}
