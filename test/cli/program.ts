import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { freshSettings } from '../support/stores.ts';

/** The sources of the `taskwire` program. */
export const bin: string = fileURLToPath(import.meta.resolve('../../src/cli/bin.ts'));

/** How a program ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program in a process group of its own, as a terminal starts one; its stdin is empty. */
export class Program implements AsyncDisposable {
  /** Resolves when it and all that it started, and that share its output, are gone. */
  readonly ended: Promise<End>;
  readonly pid: number;
  #stdout = '';
  #stderr = '';
  #news = Promise.withResolvers<void>();
  #isOver = false;

  constructor(
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
  ) {
    const { cwd, env, input = '' } = options;
    const child: ChildProcess = spawn(command, args, { cwd, env: { ...plainEnv(), ...env }, detached: true });
    if (child.pid === undefined) throw new Error(`${command} can't be started`);
    this.pid = child.pid;
    child.stdin?.end(input);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(() => (this.#stdout += text)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(() => (this.#stderr += text)));
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.#hear(() => (this.#isOver = true));
      return { code, signal };
    });
    // A test that times out never comes to its own end, and would leave it behind.
    onTestFinished(() => this[Symbol.asyncDispose]());
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until its output holds something that it didn't hold `before`; throws when it ends without. */
  async says(pattern: RegExp, before = 0): Promise<RegExpMatchArray> {
    for (;;) {
      const found = pattern.exec(`${this.#stdout}\n${this.#stderr}`);
      if (found !== null && this.count(pattern) > before) return found;
      if (this.#isOver)
        throw new Error(`It ended without saying ${pattern}:\n${this.#stdout}\n${this.#stderr}`);
      await this.#news.promise;
    }
  }

  /** How often its output holds something. */
  count(pattern: RegExp): number {
    return [...`${this.#stdout}\n${this.#stderr}`.matchAll(new RegExp(pattern, `g${pattern.flags}`))].length;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Asks again and again until it ends: asked twice within a moment counts as once. */
  async insist(signal: NodeJS.Signals): Promise<End> {
    const timer = setInterval(() => this.#isOver || process.kill(-this.pid, signal), 50);
    return await this.ended.finally(() => clearInterval(timer));
  }

  /** Ctrl-C: a terminal sends it to the whole group. */
  interrupt(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  /** Resolves when no process of its group runs any more. Output may end a moment before its process does. */
  async isGone(): Promise<void> {
    while (await groupRuns(this.pid)) await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (await groupRuns(this.pid)) process.kill(-this.pid, 'SIGKILL');
    await this.ended;
  }

  #hear(change: () => void): void {
    change();
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

/** Whether a process of a group is there that isn't just waiting for somebody to take note of its end. */
async function groupRuns(group: number): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.some((stat) => {
    // The name of the program stands in brackets and may hold anything, even brackets.
    const [state, , pgid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(pgid) === group && state !== 'Z' && state !== 'X';
  });
}

/** Starts `taskwire` from the sources; nobody has to sign in to its API, unless the environment says so. */
export function taskwire(
  args: readonly string[],
  options: ConstructorParameters<typeof Program>[2] = {},
): Program {
  const env = { TASKWIRE_AUTH: 'open', ...options.env };
  return new Program(process.execPath, [bin, ...args], { ...options, env });
}

/** Runs `taskwire` to its end; gives its exit code and what it said. */
export async function finished(args: readonly string[], env: NodeJS.ProcessEnv) {
  await using program = taskwire(args, { env });
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/** A store that others share, keys that they don't, and a free port. */
export function environment(): NodeJS.ProcessEnv {
  const { url, prefix } = freshSettings();
  return { REDIS_URL: url, TASKWIRE_PREFIX: prefix, PORT: '0' };
}

/** The GraphQL endpoint of a `taskwire server`, once it listens. */
export async function listening(server: Program): Promise<string> {
  const [, url = ''] = await server.says(/"url":"(http:[^"]+)"/);
  return url;
}

/** A folder of its own for a test, with these files in it. */
export class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(files: Readonly<Record<string, string>> = {}): Promise<Folder> {
    const folder = new Folder(await mkdtemp(join(tmpdir(), 'taskwire-cli-')));
    await folder.write({ 'package.json': '{ "type": "module" }', ...files });
    return folder;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.path, name)), { recursive: true });
      await writeFile(join(this.path, name), text);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Our environment without what would change the settings under test. */
function plainEnv(): NodeJS.ProcessEnv {
  const ours =
    /^(?:TASKWIRE_.*|npm_.*|PORT|HOST|REDIS_URL|LOG_LEVEL|LOG_FORMAT|NODE_ENV|SMTP_URL|FORCE_COLOR|VITEST.*|NODE_OPTIONS)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
