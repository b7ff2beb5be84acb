/** What a line needs of a connection. */
export interface LineStream {
  readonly writableNeedDrain: boolean;
  readonly writableLength: number;
  cork(): void;
  uncork(): void;
  on(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}

/** What may wait for a client: answers to what it asked, as states are kept once. */
const mostBytes = 1_048_576;

/** Streams of which some writes wait for the end of this turn. */
const corked = new Set<LineStream>();

function uncorkAll(): void {
  for (const stream of corked) stream.uncork();
  corked.clear();
}

/**
 * The way to one client, for all that it subscribes to. What is written in one turn leaves in one write: a write is a
 * system call, which is most of what a small frame costs.
 */
export class Line {
  readonly #stream: LineStream;
  readonly #send: (text: string) => void;
  readonly #waiting: Set<() => void> = new Set();
  readonly #onOverflow: () => void;
  readonly #drained = (): void => {
    this.#fullSince = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) call();
  };
  #fullSince: number | undefined;
  #isClosed = false;

  /**
   * `send` writes a text to the stream in whatever form the client expects. `onOverflow` is called where more waits for a
   * client than anyone needs: it asks and never reads.
   */
  constructor(stream: LineStream, send: (text: string) => void, onOverflow: () => void) {
    this.#stream = stream;
    this.#send = send;
    this.#onOverflow = onOverflow;
    stream.on('drain', this.#drained);
  }

  /** True while the client doesn't take what was written: more would only pile up. */
  get isFull(): boolean {
    return this.#stream.writableNeedDrain && !this.#isClosed;
  }

  /** For how long someone has waited for the client to take what was written, in ms; 0 where nobody does. */
  fullForMs(now: number): number {
    return this.#fullSince === undefined ? 0 : now - this.#fullSince;
  }

  write(text: string): void {
    if (this.#isClosed) return;
    if (this.#stream.writableLength > mostBytes) return this.#onOverflow();
    if (!corked.has(this.#stream)) {
      if (corked.size === 0) setImmediate(uncorkAll);
      corked.add(this.#stream);
      this.#stream.cork();
    }
    this.#send(text);
  }

  /** Has leave now what waits for the end of the turn. */
  flush(): void {
    if (corked.delete(this.#stream)) this.#stream.uncork();
  }

  /** Calls back once the client has taken what was written. To be called only where the line is full. */
  whenDrained(call: () => void): void {
    this.#fullSince ??= performance.now();
    this.#waiting.add(call);
  }

  /** Resolves once there is room. */
  async room(): Promise<void> {
    while (this.isFull) await new Promise<void>((resolve) => this.whenDrained(resolve));
  }

  /** Nothing is written any more, and nobody waits: the client has gone. */
  close(): void {
    this.#isClosed = true;
    this.#stream.off('drain', this.#drained);
    this.flush();
    this.#drained();
  }
}
