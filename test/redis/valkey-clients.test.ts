import { once } from 'node:events';
import { duplexPair } from 'node:stream';
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
