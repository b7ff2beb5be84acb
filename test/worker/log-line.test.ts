import { expect, test } from 'vitest';
import { logLine } from '../../src/worker/log-line.ts';

/** A line as a reader gets it. */
function lineOf(message: unknown, fields?: unknown): { level: string; message: string; fields?: unknown } {
  const { at, ...line } = JSON.parse(logLine('info', message, fields));
  expect(Math.abs(Date.now() - at)).toBeLessThan(10_000);
  return line;
}

test('a line is its level, its message and its fields', () => {
  expect(lineOf('plain')).toEqual({ level: 'INFO', message: 'plain' });
  expect(lineOf('empty fields', {})).toEqual({ level: 'INFO', message: 'empty fields' });
  expect(lineOf('with fields', { n: 1, list: [], nested: { a: null } }).fields).toEqual({
    n: 1,
    list: [],
    nested: { a: null },
  });
});

test('whatever a run logs becomes a line', () => {
  const circle: Record<string, unknown> = { n: 1 };
  circle['self'] = circle;
  const hostile = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('no');
      },
      get: () => {
        throw new Error('no');
      },
    },
  );

  expect(lineOf('big', { n: 12345678901234567890n }).fields).toEqual({ n: '12345678901234567890' });
  expect(lineOf('circle', circle).fields).toEqual({ fields: expect.stringContaining('[Circular') });
  expect(lineOf('hostile', hostile).fields).toBeDefined();
  expect(lineOf({ not: 'text' }).message).toBe("{ not: 'text' }");
  expect(lineOf(undefined).message).toBe('undefined');
  expect(lineOf('text as fields', 'text')).toEqual({ level: 'INFO', message: 'text as fields' });
});

test('an error among the fields is told without its stack', () => {
  const error = Object.assign(new TypeError('no'), { code: 'E_NO', secret: 'x' });

  expect(lineOf('it failed', { error, all: [new Error('a')] }).fields).toEqual({
    error: { name: 'TypeError', message: 'no', code: 'E_NO' },
    all: [{ name: 'Error', message: 'a' }],
  });
});

test('what is too long is cut between two characters, and says so', () => {
  expect(lineOf('ä'.repeat(4_096)).message).toBe('ä'.repeat(4_096));
  expect(lineOf(`a${'ä'.repeat(4_096)}`).message).toBe(`a${'ä'.repeat(4_095)}… (cut, 8193 bytes)`);
  expect(lineOf('long fields', { text: 'x'.repeat(9_000) }).fields).toEqual({
    cut: '9011 bytes, more than 8192',
  });
});
