import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Body } from '../../src/server/body.ts';

/** What is held in memory, without what nobody refers to. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('a body is what came, however it is cut', () => {
  const text = JSON.stringify({ query: '{ ä€😀 }'.repeat(100) });
  const bytes = Buffer.from(text);
  for (const size of [1, 2, 3, 7, 100, bytes.length]) {
    const body = new Body();
    for (let at = 0; at < bytes.length; at += size) body.add(bytes.subarray(at, at + size));
    expect(body.toString()).toBe(text);
  }
  expect(new Body().toString()).toBe('');
});

test('a body in pieces of a byte takes no memory for each of them', () => {
  const body = new Body();
  const before = usedBytes();

  for (let count = 0; count < 1_000_000; count += 1) body.add(Buffer.from('x'));

  expect(usedBytes() - before).toBeLessThan(10_000_000);
  expect(body.toString()).toHaveLength(1_000_000);
});
