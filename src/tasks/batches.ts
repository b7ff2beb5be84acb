import type { CompiledDefinition } from '../definition/types.ts';
import type { Logger } from '../logger.ts';
import { type Batch, readBatches, watchableBatches } from './batch.ts';
import type { EnqueueOptions } from './draft.ts';
import type { Feed } from './feed.ts';
import type { Lanes } from './lanes.ts';
import { type EnqueuedBatch, writeBatch } from './new-batch.ts';
import type { OwnerRoom } from './new-task.ts';
import type { Store } from './store.ts';
import { Turns } from './turns.ts';
import { type WatchOptions } from './watchable.ts';
import { Watches } from './watches.ts';

/**
 * Pieces of batches that a process writes at the same time: so that the store always has one to go on with, and
 * whatever else this process asks of it waits for two of them at most.
 */
const piecesAtOnce = 2;

/** How long a piece may take, in ms: a hundred tasks are work for a store that is busy. */
const pieceMs = 5_000;

/** The batches of all queues: written, read, watched. */
export class Batches {
  readonly #store: Store;
  readonly #patient: Store;
  readonly #lanes: Lanes;
  readonly #watches: Watches<Batch>;
  readonly #turns: Turns = new Turns(piecesAtOnce);

  constructor(store: Store, lanes: Lanes, feed: Feed, logger: Logger) {
    this.#store = store;
    this.#patient = store.withDeadline(pieceMs);
    this.#lanes = lanes;
    this.#watches = new Watches(watchableBatches(store), store, feed, logger);
  }

  async enqueue(
    compiled: CompiledDefinition,
    inputs: readonly unknown[],
    options: EnqueueOptions,
    room?: OwnerRoom,
  ): Promise<EnqueuedBatch> {
    const { queue } = compiled.definition;
    const lane = this.#lanes.of(queue);
    return await writeBatch(this.#store, compiled, inputs, options, async (drafts) => {
      const tasks = room === undefined ? drafts : drafts.map((draft) => ({ ...draft, room }));
      const { results, hints } = await this.#turns.take(() => this.#patient.createMany(queue, tasks));
      lane.push(hints);
      return results;
    });
  }

  async get(id: string): Promise<Batch | undefined> {
    return (await readBatches(this.#store, [id]))[0];
  }

  watch(id: string, options: WatchOptions): AsyncGenerator<Batch, void, undefined> {
    return this.#watches.watch(id, options);
  }

  close(): void {
    this.#watches.close();
  }
}
