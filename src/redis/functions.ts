import { libraryPrefix, type ScriptLibrary } from './script-library.ts';

/** A library that could not be loaded, as into a store that is full, is tried again after so long. */
const loadAgainMs = 2_000;

/**
 * More libraries of ours than this are those of many versions: a few deployments side by side have a hundred. Who loads
 * one more takes away what it doesn't know itself; what still needs one of those loads it again.
 */
const mostLibraries = 300;

type Send = (command: string, ...args: (string | number)[]) => Promise<unknown>;

/**
 * Calls functions of a server, which keeps what a script only defines: by EVALSHA that is made anew at each call. Where
 * there are none (before Redis 7, or where its user may not), or not yet, the caller runs the script itself.
 */
export class Functions {
  readonly #send: Send;
  readonly #known: Set<string> = new Set();
  /** Libraries that aren't there, with when they are to be loaded again. */
  readonly #missing: Map<string, number> = new Map();
  #areServed = true;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Leaves a server as it is: every script is run as one. */
  turnOff(): void {
    this.#areServed = false;
  }

  /** Says that the server may be another one now. */
  reset(): void {
    this.#areServed = true;
    this.#missing.clear();
  }

  /** Calls the function; gives `missing` where the script has to be run in another way. */
  async call(library: ScriptLibrary, args: readonly (string | number)[]): Promise<unknown> {
    const { name } = library;
    this.#known.add(name);
    if (!this.#areServed || this.#missing.has(name)) {
      if (this.#areServed) this.#load(library);
      return missing;
    }
    try {
      return await this.#send('fcall', name, 1, ...args);
    } catch (error) {
      if (!isWithoutFunctions(error) && !isMissing(error)) throw error;
      if (isWithoutFunctions(error)) this.#areServed = false;
      else if (!this.#missing.has(name)) {
        this.#missing.set(name, -Infinity);
        this.#load(library);
      }
      return missing;
    }
  }

  /** In the background, as the call that found it missing is answered by its script. */
  #load(library: ScriptLibrary): void {
    const now = performance.now();
    if ((this.#missing.get(library.name) ?? now) > now) return;
    this.#missing.set(library.name, now + loadAgainMs);
    this.#send('function', 'LOAD', library.text)
      .catch((error: unknown) => {
        // Another process was first.
        if (!(error instanceof Error && error.message.includes('already exists'))) throw error;
      })
      .then(() => {
        this.#missing.delete(library.name);
        return this.#tidy();
      })
      .catch((error: unknown) => {
        if (isWithoutFunctions(error)) this.#areServed = false;
      });
  }

  async #tidy(): Promise<void> {
    const reply = await this.#send('function', 'LIST', 'LIBRARYNAME', `${libraryPrefix}*`);
    const names = Array.isArray(reply) ? reply.map(libraryName) : [];
    if (names.length <= mostLibraries) return;
    const old = names.filter((name) => !this.#known.has(name));
    await Promise.all(old.map((name) => this.#send('function', 'DELETE', name)));
  }
}

/** The server has no such function, or has lost it. */
export const missing: unique symbol = Symbol('missing');

/** Whether an answer says that a server doesn't know functions, or that this user may not use them. */
export function isWithoutFunctions(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(ERR unknown command|NOPERM this user has no permissions to run the) ['`](fcall|function)\b/i.test(
      error.message,
    )
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('ERR Function not found');
}

/** Of an entry of the list: `[library_name, name, …]`. */
function libraryName(entry: unknown): string {
  return Array.isArray(entry) ? String(entry[1]) : '';
}
