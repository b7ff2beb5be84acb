import type { Duplex } from 'node:stream';

/** A client's number is its place in an array of Valkey's: below 4096 are WASI's own files, at 10,128 it ends. */
const firstFile = 4096;
const fileLimit = 10_128;
/** A client with so much to read gets no more until it has read. */
const writeLimit = 256 * 1024;
/** Valkey's bits for what it wants to know of a socket. */
const readable = 1;
const writable = 2;

interface Client {
  readonly stream: Duplex;
  readonly chunks: Buffer[];
  ended: boolean;
}

/** Streams as the sockets that Valkey knows by number: with bytes to read, with room to write, or neither. */
export class ValkeyClients {
  readonly #memory: () => Buffer;
  readonly #wake: () => void;
  readonly #clients = new Map<number, Client>();
  readonly #arrived: number[] = [];
  readonly #freeFiles: number[] = [];
  #nextFile = firstFile;
  #listener: number | undefined;

  /** `memory` is Valkey's, looked up on each use since it moves when it grows; `wake` has Valkey look at its sockets. */
  constructor(memory: () => Buffer, wake: () => void) {
    this.#memory = memory;
    this.#wake = wake;
  }

  /** Lets Valkey accept the stream; refuses it when about 6,000 are open. */
  add(stream: Duplex): void {
    const client: Client = { stream, chunks: [], ended: false };
    const end = (): void => {
      client.ended = true;
      this.#wake();
    };
    stream.on('data', (chunk: Buffer) => {
      client.chunks.push(chunk);
      this.#wake();
    });
    // A 'close' follows an error.
    stream
      .on('drain', this.#wake)
      .on('end', end)
      .on('close', end)
      .on('error', () => {});
    const file = this.#takeFile();
    if (file === undefined) return void stream.destroy();
    this.#clients.set(file, client);
    this.#arrived.push(file);
    this.#wake();
  }

  /** What the `.wasm` imports as `host`. A number that is an address points into its memory. */
  readonly imports = {
    socket: (): number => this.#takeFile() ?? -1,

    listen: (file: number): number => {
      this.#listener = file;
      return 0;
    },

    accept: (): number => this.#arrived.shift() ?? -1,

    /** Returns the bytes copied, 0 at the end, or -1 for 'nothing yet'. */
    read: (file: number, address: number, length: number): number => {
      const client = this.#clients.get(file);
      const chunk = client?.chunks.shift();
      if (!client || !chunk) return client?.ended ? 0 : -1;
      const count = chunk.copy(this.#memory(), unsigned(address), 0, length);
      if (count < chunk.length) client.chunks.unshift(chunk.subarray(count));
      return count;
    },

    /** Returns the bytes taken, 0 for 'would block' (so that Valkey's output limits see a slow reader), or -1. */
    write: (file: number, address: number, length: number): number => {
      const stream = this.#clients.get(file)?.stream;
      if (!stream || stream.destroyed) return -1;
      const start = unsigned(address);
      const count = Math.min(length, Math.max(0, writeLimit - stream.writableLength));
      // A copy, since Valkey uses its buffer again at once.
      if (count > 0) stream.write(Buffer.from(this.#memory().subarray(start, start + count)));
      return count;
    },

    close: (file: number): void => {
      const stream = this.#clients.get(file)?.stream;
      this.#clients.delete(file);
      this.#freeFiles.push(file);
      stream?.pause().end(() => stream.destroy());
    },

    /** Of `count` pairs of number and interest, writes the ready ones to `fired` and returns how many they are. */
    poll: (pairs: number, count: number, fired: number): number => {
      const memory = this.#memory();
      const ended: number[] = [];
      const others: number[] = [];
      for (let index = 0; index < count; index++) {
        const address = unsigned(pairs) + index * 8;
        const file = memory.readInt32LE(address);
        const ready = this.#readiness(file, memory.readInt32LE(address + 4));
        if (ready !== 0) (this.#clients.get(file)?.ended ? ended : others).push(file, ready);
      }
      // Whoever is gone goes first: a blocked client that ended must not be handed what another one pushes.
      const words = [...ended, ...others];
      words.forEach((word, index) => memory.writeInt32LE(word, unsigned(fired) + index * 4));
      return words.length / 2;
    },
  };

  #readiness(file: number, interest: number): number {
    if (file === this.#listener) return this.#arrived.length > 0 ? readable : 0;
    const client = this.#clients.get(file);
    if (!client) return 0;
    const { stream, chunks, ended } = client;
    let ready = 0;
    if (interest & readable && (ended || chunks.length > 0)) ready |= readable;
    if (interest & writable && (stream.destroyed || stream.writableLength < writeLimit)) ready |= writable;
    return ready;
  }

  /** Numbers are used again, as with real sockets. */
  #takeFile(): number | undefined {
    return this.#freeFiles.pop() ?? (this.#nextFile < fileLimit ? this.#nextFile++ : undefined);
  }
}

/** An address, which JavaScript gets as a negative number when it is above 2 GB. */
export function unsigned(address: number): number {
  return address >>> 0;
}
