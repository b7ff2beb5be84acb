import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { listen } from '../src/listen.ts';

/** A server on a free port, what is logged of it, and how it says that its port is taken. */
async function listening(port = 0) {
  const logged: object[] = [];
  const server = createServer();
  const logger = { error: (details: object) => void logged.push(details) };
  const taken = await listen(
    server,
    { port, host: '127.0.0.1' },
    logger,
    (cause) => new TypeError('taken', { cause }),
  );
  return { server, logged, port: taken, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test('an error of a server that listens is logged, and ends nothing', async () => {
  await using open = await listening();
  const error = new Error('accept EMFILE');

  open.server.emit('error', error);

  expect(open.logged).toEqual([{ err: error, host: '127.0.0.1' }]);
});

test('a port that is taken is said in the words of who listens', async () => {
  await using open = await listening();

  await expect(listening(open.port)).rejects.toThrow(new TypeError('taken'));
  await expect(listening(-1)).rejects.toThrow(RangeError);
});
