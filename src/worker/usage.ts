/** Within this time it isn't measured anew: a worker of several queues tells each of them the same. */
const leastMs = 1_000;

/** What this process uses of its machine, as its workers tell it. */
export class Usage {
  #since = performance.now();
  #cpu = process.cpuUsage();
  #load: number | undefined;

  /** Processor use since it was asked before, where 1 is one core; undefined in the first second. */
  get load(): number | undefined {
    const now = performance.now();
    const elapsedMs = now - this.#since;
    if (elapsedMs < leastMs) return this.#load;
    const cpu = process.cpuUsage();
    const usedMs = (cpu.user - this.#cpu.user + cpu.system - this.#cpu.system) / 1_000;
    this.#since = now;
    this.#cpu = cpu;
    this.#load = usedMs / elapsedMs;
    return this.#load;
  }

  /** Resident memory. */
  get memoryBytes(): number {
    return process.memoryUsage.rss();
  }
}
