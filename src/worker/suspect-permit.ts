/**
 * Which queue of a process may run suspects: one at a time, so that a process that dies with a single suspect has
 * nobody else to blame. (Within a queue the scripts see to it.)
 */
export class SuspectPermit {
  #holder: string | undefined;
  #held = 0;

  /** Takes it for one delivery; false where another queue has it. */
  take(queue: string): boolean {
    if (this.#holder !== undefined && this.#holder !== queue) return false;
    this.#holder = queue;
    this.#held += 1;
    return true;
  }

  /** To be called once for each time that `take` was true. */
  release(): void {
    this.#held -= 1;
    if (this.#held === 0) this.#holder = undefined;
  }
}
