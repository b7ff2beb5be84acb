import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that Linux gives to outgoing connections (32768 and up). */
const range = { first: 20_000, last: 32_000 };

/**
 * A port that is free now and that no outgoing connection takes while its owner is dead: a client that tries again
 * and again to reach it could even connect to itself.
 */
export async function stablePort(): Promise<number> {
  for (;;) {
    const port = range.first + Math.floor(Math.random() * (range.last - range.first));
    const server = createServer();
    try {
      const listening = once(server, 'listening');
      server.listen(port, '127.0.0.1');
      await listening;
      return port;
    } catch {
      // Somebody has it; the next one.
    } finally {
      server.close();
    }
  }
}
