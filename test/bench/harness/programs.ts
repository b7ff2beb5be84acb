import { Program } from './program.ts';

const folder = new URL('../', import.meta.url);

/** The processes of a figure, or of a whole quick run: each is started when it is first asked for, and ends with all. */
export class Programs implements AsyncDisposable {
  readonly #programs: Map<string, Promise<Program>> = new Map();

  /** The one process of a module of the benchmark, such as `load/http.ts`, with these arguments. */
  start(module: string, ...args: readonly string[]): Promise<Program> {
    return this.#one([module, ...args].join(' '), () => Program.fork(new URL(module, folder), ...args));
  }

  /** The one process of another program. */
  spawn(...[command, args, options]: Parameters<typeof Program.spawn>): Promise<Program> {
    return this.#one([command, ...args].join(' '), () => Program.spawn(command, args, options));
  }

  #one(name: string, start: () => Promise<Program>): Promise<Program> {
    const program = this.#programs.get(name) ?? start();
    this.#programs.set(name, program);
    return program;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = await Promise.allSettled(this.#programs.values());
    await Promise.all(
      all.map(async (one) => {
        if (one.status === 'fulfilled') await one.value[Symbol.asyncDispose]();
      }),
    );
  }
}
