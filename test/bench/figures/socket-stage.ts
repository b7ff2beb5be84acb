import type { Program } from '../harness/program.ts';
import type { SocketProtocol } from '../load/sockets.ts';

interface Parts {
  /** The server. */
  readonly program: Program;
  /** What changes tasks. */
  readonly worker: Program;
  /** What has the sockets. */
  readonly load: Program;
  /** Of the server and of what is done with it. */
  readonly label: string;
  readonly protocol: SocketProtocol;
}

interface Size {
  readonly sockets: number;
  readonly tasks: number;
}

/** Sockets that watch tasks of a server: each one of its own, or all the same. */
export class SocketStage {
  readonly #parts: Parts;
  readonly #size: Size;
  #expected = 0;

  private constructor(parts: Parts, size: Size) {
    this.#parts = parts;
    this.#size = size;
  }

  /** Begins the tasks and opens the sockets; resolves when each has heard how things are. */
  static async open(parts: Parts, size: Size): Promise<SocketStage> {
    const { program, worker, load, label, protocol } = parts;
    const begun = await worker.call<string[]>('begin', label, size.tasks);
    const ids = Array.from({ length: size.sockets }, (_, n) => begun[n % begun.length]);
    const before = await load.call<number>('count');
    await load.call('open', { port: program.port, protocol, ids });
    const target = before + size.sockets;
    const heard = await load.call<number>('settle', { target, quietMs: 10_000 });
    if (heard !== target) throw new Error(`${heard - before} of ${size.sockets} sockets heard something`);
    return new SocketStage(parts, size);
  }

  /** Changes tasks in turn, and waits until the sockets have it or until nothing more comes. */
  async change(turns: number, burst: number): Promise<void> {
    const { worker, load, label } = this.#parts;
    const { sockets, tasks } = this.#size;
    const events = (turns * burst * sockets) / tasks;
    this.#expected += events;
    const target = (await load.call<number>('count')) + events;
    await worker.call('change', label, { count: turns, burst, perSecond: 2_000 });
    await load.call('settle', { target, quietMs: 500 });
  }

  /** CPU of the server for each state that comes meanwhile; and how many come of those that there were. */
  async delivered(body: () => Promise<void>): Promise<{ cpuUs: number; part: number }> {
    const { program, load } = this.#parts;
    const [cpuMs, events] = [program.cpuMs(), await load.call<number>('count')];
    this.#expected = 0;
    await body();
    const came = (await load.call<number>('count')) - events;
    return { cpuUs: ((program.cpuMs() - cpuMs) * 1_000) / came, part: came / this.#expected };
  }
}
