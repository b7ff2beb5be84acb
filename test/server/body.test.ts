import { expect, test } from 'vitest';
import { Body } from '../../src/server/body.ts';
import { heldBytes } from '../support/memory.ts';

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
  const before = heldBytes();

  for (let count = 0; count < 1_000_000; count += 1) body.add(Buffer.from('x'));

  expect(heldBytes() - before).toBeLessThan(10_000_000);
  expect(body.toString()).toHaveLength(1_000_000);
});
