/** What a line needs of a connection. */
export interface LineStream {
  readonly writableNeedDrain: boolean;
  readonly writableLength: number;
  on(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}

/** What may wait for a client: answers to what it asked, as states are kept once. */
const mostBytes = 1_048_576;

/** What is written in one turn at most before the line counts as full. */
const bytesPerTurn = 65_536;

/** Lines with something that waits for the end of this turn. */
let written: Line[] = [];

function flushAll(): void {
  const lines = written;
  written = [];
  for (const line of lines) line.flush();
}

/**
 * The way to one client, for all that it subscribes to. What is written in one turn leaves in one write: a write is a
 * system call, which is most of what a small message costs.
 */
export class Line {
  readonly #stream: LineStream;
  readonly #send: (bytes: Buffer) => void;
  readonly #onOverflow: () => void;
  /** Made where someone has to wait: most lines are never full. */
  #waiting: Set<() => void> | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #fullSince: number | undefined;
  #isClosed = false;

  /**
   * `send` writes to the stream, in whatever way the transport has. `onOverflow` is called where more waits for a client
   * than anyone needs: it asks and never reads.
   */
  constructor(stream: LineStream, send: (bytes: Buffer) => void, onOverflow: () => void) {
    this.#stream = stream;
    this.#send = send;
    this.#onOverflow = onOverflow;
    stream.on('drain', this.#drained);
  }

  /** True while the client doesn't take what was written: more would only pile up. */
  get isFull(): boolean {
    return (this.#stream.writableNeedDrain || this.#bytes > bytesPerTurn) && !this.#isClosed;
  }

  /** True once its client has gone: what is written goes nowhere. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** For how long someone has waited for the client to take what was written, in ms; 0 where nobody does. */
  fullForMs(now: number): number {
    return this.#fullSince === undefined ? 0 : now - this.#fullSince;
  }

  write(bytes: Buffer): void {
    if (this.#isClosed) return;
    if (this.#stream.writableLength + this.#bytes > mostBytes) return this.#onOverflow();
    if (this.#pieces.length === 0 && written.push(this) === 1) setImmediate(flushAll);
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
  }

  /** Has leave now what waits for the end of the turn. */
  flush(): void {
    const [first] = this.#pieces;
    if (first === undefined) return;
    const bytes = this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    this.#send(bytes);
    if (this.#waiting !== undefined && !this.isFull) this.#drained();
  }

  /** Calls back once the client has taken what was written, in turn. To be called only where the line is full. */
  whenDrained(call: () => void): void {
    this.#fullSince ??= performance.now();
    this.#waiting ??= new Set();
    this.#waiting.add(call);
  }

  /** Resolves once there is room. */
  async room(): Promise<void> {
    while (this.isFull) await new Promise<void>((resolve) => this.whenDrained(resolve));
  }

  /** Nothing is written any more, and nobody waits: the client has gone. */
  close(): void {
    this.#isClosed = true;
    this.#pieces = [];
    this.#bytes = 0;
    this.#stream.off('drain', this.#drained);
    this.#drained();
  }

  readonly #drained = (): void => {
    this.#fullSince = undefined;
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    // Only while there is room: what many streams of one socket have kept may be more than may wait.
    for (const call of waiting) {
      if (this.isFull) break;
      waiting.delete(call);
      call();
    }
    if (waiting.size === 0) this.#waiting = undefined;
    else this.#fullSince = performance.now();
  };
}
