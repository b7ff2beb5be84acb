import { payloadOf } from './payload.ts';
import type { Subscription } from './pipeline.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * All who watch the same thing with the same words and the same rights in this process: one watch, one execution and one
 * serialisation a state for all of them.
 */
export class Cohort {
  readonly #subscription: Subscription;
  readonly #versionOf: (state: unknown) => number;
  readonly #members: Set<Subscriber> = new Set();
  /** Members that haven't been told anything yet. */
  #fresh: Set<Subscriber> | undefined;
  /** What was told last: who comes later begins with it. */
  #payload: string | undefined;
  /** What was heard last. */
  #state: unknown;
  /** The version that the payload is of. */
  #toldVersion = -Infinity;
  /** The version that was executed last, or is being executed. */
  #version = -Infinity;
  /** What is being executed, where that takes time; never rejects. */
  #telling: Promise<void> | undefined;
  #isOver = false;

  constructor(subscription: Subscription, versionOf: (state: unknown) => number) {
    this.#subscription = subscription;
    this.#versionOf = versionOf;
  }

  /** True once it has ended: nobody joins it any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The state that its members were told last, or are about to be. */
  get state(): unknown {
    return this.#state;
  }

  /** Takes a subscriber in who has just read this state: what it is told is never older. */
  join(member: Subscriber, state: unknown): void {
    this.#members.add(member);
    const version = this.#versionOf(state);
    if (this.#payload !== undefined && version <= this.#toldVersion) return member.next(this.#payload);
    this.#fresh ??= new Set();
    this.#fresh.add(member);
    if (version > this.#version) this.#tell(state, version);
  }

  /** Lets one go; the last one ends the watch. */
  leave(member: Subscriber): void {
    member.leave();
    this.#fresh?.delete(member);
    if (this.#members.delete(member) && this.#members.size === 0) this.#end();
  }

  /** Tells the members each state that the watch yields after its first one, until the last one; never throws. */
  async run(first: unknown): Promise<void> {
    const { events } = this.#subscription;
    let watched: { readonly state: unknown; readonly version: number } | undefined;
    try {
      let before = this.#versionOf(first);
      for (let next = await events.next(); next.done !== true; next = await events.next()) {
        const state = next.value;
        const version = this.#versionOf(state);
        watched = { state, version };
        // Who joined may have read, and told, what is heard of only now. A watch whose own versions go back is right: its
        // store has lost what was written.
        if (version >= this.#version || version < before) this.#tell(state, version);
        // The same again: what is asked beside the state is news, and the state that is known stays.
        else if (version === before) this.#tell(this.#state, this.#version);
        before = version;
        while (this.#telling !== undefined) await this.#telling;
      }
      // The end is the watch's, whatever anyone has read.
      if (!this.#isOver && watched !== undefined && watched.version < this.#version)
        this.#tell(watched.state, watched.version);
      while (this.#telling !== undefined) await this.#telling;
      this.#isOver = true;
      for (const member of this.#members) member.complete();
      this.#members.clear();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A state that takes time to execute is passed over where a newer one has come meanwhile. */
  #tell(state: unknown, version: number): void {
    this.#version = version;
    this.#state = state;
    this.#telling = undefined;
    try {
      const result = this.#subscription.execute(state);
      if (!(result instanceof Promise)) return this.#pass(payloadOf(result), version);
      const telling: Promise<void> = result
        .then((executed) => {
          if (this.#telling !== telling) return;
          this.#telling = undefined;
          this.#pass(payloadOf(executed), version);
        })
        .catch((error: unknown) => this.#fail(error));
      this.#telling = telling;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What says the same as before isn't news: who selects only the status isn't told of progress. */
  #pass(payload: string, version: number): void {
    const isNews = payload !== this.#payload;
    this.#payload = payload;
    this.#toldVersion = version;
    for (const member of (isNews ? this.#members : this.#fresh) ?? []) member.next(payload);
    this.#fresh = undefined;
  }

  #fail(error: unknown): void {
    this.#telling = undefined;
    for (const member of this.#members) member.fail(error);
    this.#members.clear();
    this.#fresh = undefined;
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    void this.#subscription.events.return?.().catch(() => undefined);
  }
}
