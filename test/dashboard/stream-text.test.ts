import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyStream, type StreamText, withBatch } from '../../src/dashboard/pages/task/stream-text.ts';

const textOf = ({ blocks }: StreamText): string => blocks.map(({ text }) => text).join('');

test('a stream is what its chunks are, however they come, and as blocks of whole lines', () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 6000 }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(texts, (texts) => {
      let stream: StreamText = emptyStream;
      for (const [lastIndex, text] of texts.entries()) {
        stream = withBatch(stream, { attempt: 1, text, dropped: 0, lastIndex });
      }
      const { blocks } = stream;
      expect(textOf(stream)).toBe(texts.join(''));
      expect(new Set(blocks.map(({ key }) => key)).size).toBe(blocks.length);
      expect(blocks.slice(0, -1).every(({ text }) => text.endsWith('\n'))).toBe(true);
    }),
  );
});

test('another attempt begins anew', () => {
  const first = withBatch(emptyStream, { attempt: 1, text: 'half an ans', dropped: 0, lastIndex: 3 });

  const second = withBatch(first, { attempt: 2, text: 'an answer', dropped: 0, lastIndex: 5 });

  expect(textOf(second)).toBe('an answer');
  expect(second.attempt).toBe(2);
});

test('what is told again adds nothing', () => {
  const stream = withBatch(emptyStream, { attempt: 1, text: 'abc', dropped: 0, lastIndex: 2 });

  expect(withBatch(stream, { attempt: 1, text: 'c', dropped: 0, lastIndex: 2 })).toBe(stream);
});

test('of a long stream the end is kept, from the beginning of a line on, and how much has gone is known', () => {
  let stream: StreamText = emptyStream;
  for (let n = 0; n < 1000; n++) {
    stream = withBatch(stream, { attempt: 1, text: `line ${n} of many\n`, dropped: 0, lastIndex: n }, 5000);
  }

  const text = textOf(stream);
  expect(text.length).toBeLessThanOrEqual(5000);
  expect(text.length).toBeGreaterThan(4900);
  expect(text).toMatch(/^line \d+ of many\n/);
  expect(text).toMatch(/line 999 of many\n$/);
  expect(stream.cut + text.length).toBe(stream.length);
});

test('one without any line is cut, too', () => {
  const stream = withBatch(
    emptyStream,
    { attempt: 1, text: 'x'.repeat(9000), dropped: 2, lastIndex: 0 },
    1000,
  );

  expect(textOf(stream)).toHaveLength(1000);
  expect(stream).toMatchObject({ cut: 8000, dropped: 2 });
});
