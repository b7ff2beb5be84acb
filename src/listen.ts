import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What servers tell of their errors to. */
interface ErrorLogger {
  error(details: object, message: string): void;
}

/**
 * Makes a server listen, once; port 0 takes any free one, which it gives. What goes wrong with it later is logged, as an
 * error of a server that nobody hears ends the process.
 *
 * @throws what `inUse` makes, where the port is taken
 */
export async function listen(
  server: Server,
  { port, host }: { readonly port: number; readonly host: string },
  logger: ErrorLogger,
  inUse: (cause: Error) => Error,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isListening = false;
  server.on('error', (error) => {
    if (isListening) logger.error({ err: error, host }, 'a server had an error');
    else reject(error);
  });
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') throw inUse(error);
    throw error;
  }
  isListening = true;
  // A server that listens on TCP has an address of this kind.
  return (server.address() as AddressInfo).port;
}
