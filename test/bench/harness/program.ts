import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuMs, residentKb } from './proc.ts';

/** Where the processes of all runs keep what they have compiled. */
const compiled = join(tmpdir(), 'taskwire-bench-compile-cache');
// Each program that runs is ended with this process.
process.setMaxListeners(0);

interface Answer {
  readonly id?: number;
  readonly ready?: { readonly port?: number };
  readonly result?: unknown;
  readonly error?: string;
}

/** A real process of the benchmark: its own CPU and memory, and what can be asked of it. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #calls: Map<number, PromiseWithResolvers<unknown>> = new Map();
  readonly #ready: PromiseWithResolvers<{ readonly port?: number }> = Promise.withResolvers();
  #lastCall = 0;
  #port: number | undefined;

  private constructor(child: ChildProcess, name: string) {
    this.#child = child;
    child.on('message', (message) => this.#hear(message as Answer));
    child.once('exit', (code, signal) => {
      const error = new Error(`${name} ended (${signal ?? code})`);
      this.#ready.reject(error);
      for (const call of this.#calls.values()) call.reject(error);
    });
    // Also when this process is told to end.
    const end = (): void => void child.kill();
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    // Whoever waits for it gets the error.
    this.#ready.promise.catch(() => undefined);
  }

  /** Starts a module on this Node.js; resolves once it has called `serveCalls`. */
  static async fork(module: URL, ...args: readonly string[]): Promise<Program> {
    const env = { NODE_COMPILE_CACHE: compiled, ...process.env, NODE_ENV: 'production' };
    const child = fork(module, args, { execArgv: ['--expose-gc'], env });
    const program = new Program(child, module.pathname);
    const { port } = await program.#ready.promise;
    program.#port = port;
    return program;
  }

  /** Starts another program that is ready once `isReady` says so of what it has printed. */
  static async spawn(
    command: string,
    args: readonly string[],
    options: { readonly cwd: string; readonly env: Record<string, string>; readonly ready: RegExp },
  ): Promise<Program> {
    const { cwd, ready } = options;
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const program = new Program(child, args.join(' '));
    let printed = '';
    const hear = (chunk: Buffer): void => {
      if (printed.length < 100_000) printed += chunk.toString();
      if (ready.test(printed)) program.#ready.resolve({});
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    try {
      await program.#ready.promise;
    } catch (error) {
      throw new Error(`${args.join(' ')}: ${printed.trim().split('\n').at(-1)}`, { cause: error });
    }
    return program;
  }

  /** Where it listens. */
  get port(): number {
    if (this.#port === undefined) throw new Error('this process does not listen');
    return this.#port;
  }

  /** CPU that it and its children have used so far, user and system, in ms. */
  cpuMs(): number {
    return cpuMs(this.#pid);
  }

  /** What of it is in memory, in KB, after its garbage was collected. */
  async memoryKb(): Promise<number> {
    for (let time = 0; time < 3; time += 1) await this.call('collectGarbage');
    return residentKb(this.#pid);
  }

  /** The same with what is garbage: to collect it would hold up what is measured. */
  residentKb(): number {
    return residentKb(this.#pid);
  }

  /** Calls a function that its module serves. */
  async call<Result>(name: string, ...args: readonly unknown[]): Promise<Result> {
    this.#lastCall += 1;
    const id = this.#lastCall;
    const answer = Promise.withResolvers<unknown>();
    this.#calls.set(id, answer);
    this.#child.send({ id, name, args });
    // What the module's function gives.
    return (await answer.promise) as Result;
  }

  get #pid(): number {
    if (this.#child.pid === undefined) throw new Error('this process has not started');
    return this.#child.pid;
  }

  #hear({ id, ready, result, error }: Answer): void {
    if (ready !== undefined) this.#ready.resolve(ready);
    if (id === undefined) return;
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new Error(error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    // A module ends with its channel.
    if (child.connected) child.disconnect();
    else child.kill();
    const patience = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exit;
    clearTimeout(patience);
  }
}
