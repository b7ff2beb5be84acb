import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ValkeyClients } from '../../src/redis/valkey-clients.ts';

test('a store of more than 2 GB reads and writes where it should', async () => {
  const high = 2 ** 31 + 1024;
  // Untouched memory takes none. Valkey passes addresses as 32 bits, of which JavaScript makes negative numbers.
  const memory = Buffer.alloc(high + 1024);
  const address = high | 0;
  const clients = new ValkeyClients(
    () => memory,
    () => {},
  );
  const [theirs, ours] = duplexPair();
  clients.add(theirs);
  const file = clients.imports.accept();
  ours.write('question');
  await once(theirs, 'data');

  expect(clients.imports.read(file, address, 100)).toBe(8);
  expect(memory.toString('utf8', high, high + 8)).toBe('question');

  memory.write('answer', high);
  expect(clients.imports.write(file, address, 6)).toBe(6);
  const [answer] = await once(ours, 'data');
  expect(String(answer)).toBe('answer');

  memory.writeInt32LE(file, high);
  memory.writeInt32LE(2, high + 4);
  expect(clients.imports.poll(address, 1, address + 100)).toBe(1);
  expect(memory.readInt32LE(high + 100)).toBe(file);
});

test('a client gets no more until it has read, and then at once', async () => {
  const memory = Buffer.alloc(512 * 1024, 'x');
  let woken = Promise.withResolvers<void>();
  const clients = new ValkeyClients(
    () => memory,
    () => woken.resolve(),
  );
  const [theirs, ours] = duplexPair();
  clients.add(theirs);
  const file = clients.imports.accept();
  memory.writeInt32LE(file, 0);
  memory.writeInt32LE(2, 4);
  const isWritable = (): boolean => clients.imports.poll(0, 1, 100) === 1;

  expect(isWritable()).toBe(true);
  expect(clients.imports.write(file, 1_000, 300 * 1024)).toBe(256 * 1024);
  expect(isWritable()).toBe(false);
  expect(clients.imports.write(file, 1_000, 1)).toBe(0);
  memory.fill('y', 1_000);

  woken = Promise.withResolvers();
  const all = buffer(ours);
  await woken.promise;
  expect(isWritable()).toBe(true);
  clients.imports.close(file);
  expect((await all).equals(Buffer.alloc(256 * 1024, 'x'))).toBe(true);
});
