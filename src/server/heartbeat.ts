import type { WebSocket } from 'ws';
import type { Line } from './line.ts';

/** The code with which a socket is closed whose client doesn't take what it is sent: subscribe again, or to less. */
export const tooSlowCode = 4410;

/** Sockets are asked in so many groups, one after the other: all at once would hold up everything else. */
const groupCount = 12;

interface Asked {
  readonly socket: WebSocket;
  readonly line: Line;
  isAlive: boolean;
}

/** Finds sockets whose client is gone, or reads no more; one timer for all of them. */
export class Heartbeat {
  readonly #blockedMs: number;
  readonly #patienceMs: number;
  readonly #groups: readonly Set<Asked>[] = Array.from({ length: groupCount }, () => new Set());
  readonly #timer: NodeJS.Timeout;
  #turn = 0;
  #added = 0;

  /**
   * Each socket is asked every `pingMs`, and has so long to answer. One that is closed as too slow has a quarter of it to
   * take what waits for it.
   */
  constructor(pingMs: number, blockedMs: number) {
    this.#patienceMs = pingMs / 4;
    this.#blockedMs = blockedMs;
    this.#timer = setInterval(() => this.#ask(), pingMs / groupCount);
    this.#timer.unref();
  }

  /** Looks after a socket until the returned function is called. */
  add(socket: WebSocket, line: Line): () => void {
    const asked: Asked = { socket, line, isAlive: true };
    socket.on('pong', () => (asked.isAlive = true));
    const group = this.#groups[(this.#added += 1) % groupCount];
    group?.add(asked);
    return () => group?.delete(asked);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #ask(): void {
    const now = performance.now();
    this.#turn += 1;
    for (const asked of this.#groups[this.#turn % groupCount] ?? []) {
      const { socket, line, isAlive } = asked;
      asked.isAlive = false;
      const isBlocked = line.fullForMs(now) > this.#blockedMs || (!isAlive && line.isFull);
      if (isBlocked && socket.readyState === socket.OPEN) this.#refuse(socket);
      else if (isBlocked || !isAlive) socket.terminate();
      else socket.ping();
    }
  }

  /** Says why, and doesn't wait long for a client that may never read it. */
  #refuse(socket: WebSocket): void {
    socket.close(tooSlowCode, 'too slow');
    const timer = setTimeout(() => socket.terminate(), this.#patienceMs);
    socket.once('close', () => clearTimeout(timer));
  }
}
