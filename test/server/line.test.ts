import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { Line } from '../../src/server/line.ts';
import { Subscriber } from '../../src/server/subscriber.ts';

/** A connection that takes so many bytes at a time. */
class Connection extends EventEmitter {
  readonly written: Buffer[] = [];
  writableLength = 0;
  writableNeedDrain = false;

  write(bytes: Buffer): void {
    this.written.push(bytes);
    this.writableLength += bytes.length;
    this.writableNeedDrain = this.writableLength >= 65_536;
  }

  drain(): void {
    this.writableLength = 0;
    this.writableNeedDrain = false;
    this.emit('drain');
  }
}

function open() {
  const connection = new Connection();
  const overflown = vi.fn<() => void>();
  const line = new Line(connection, (bytes) => connection.write(bytes), overflown);
  return { connection, overflown, line };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what is written in one turn leaves in one write, in its order', async () => {
  const { connection, line } = open();
  for (const text of ['a', 'b', 'c']) line.write(Buffer.from(text));
  expect(connection.written).toEqual([]);

  await turn();

  expect(connection.written.map(String)).toEqual(['abc']);
});

test('what many streams of one slow connection have kept is told by and by', async () => {
  const { connection, overflown, line } = open();
  const told: number[] = [];
  const subscribers = Array.from({ length: 1000 }, (_, n) => {
    const next = (payload: string): void => {
      told.push(n);
      line.write(Buffer.from(payload));
    };
    return new Subscriber(line, { next, complete: () => undefined, fail: () => undefined });
  });
  connection.write(Buffer.alloc(100_000));
  for (const subscriber of subscribers) subscriber.next('x'.repeat(4000));
  expect(told).toEqual([]);

  for (let drains = 0; drains < 100; drains += 1) {
    connection.drain();
    await turn();
    expect(connection.writableLength).toBeLessThan(200_000);
  }

  expect(told).toEqual(subscribers.map((_, n) => n));
  expect(overflown).not.toHaveBeenCalled();
  expect(line.fullForMs(performance.now())).toBe(0);
});

test('a client that asks for more than anyone needs, and takes none of it, is cut off', async () => {
  const { connection, overflown, line } = open();
  for (let answer = 0; answer < 20; answer += 1) {
    line.write(Buffer.alloc(100_000));
    await turn();
  }

  expect(overflown).toHaveBeenCalled();
  expect(connection.writableLength).toBeLessThan(1_048_576 + 100_000);
});

test('who waits for room goes on where the client has gone, and nothing is written to it', async () => {
  const { connection, line } = open();
  connection.write(Buffer.alloc(100_000));
  const waits = line.room();
  line.write(Buffer.from('x'));

  line.close();
  await waits;
  await turn();

  expect(connection.written).toHaveLength(1);
  expect(connection.listenerCount('drain')).toBe(0);
});
