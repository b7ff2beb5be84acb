import { expect, test } from 'vitest';
import { isoMs } from '../../src/definition/duration-scalar.ts';
import { compileDefinitions } from '../../src/definition/types.ts';
import { defineTask } from '../../src/index.ts';

const nap = defineTask({
  name: 'nap',
  input: (t) => ({ length: t.field({ type: 'Duration', required: true }) }),
  output: (t) => ({ length: t.field({ type: 'Duration' }) }),
  run: ({ length }) => ({ length }),
});
const compiled = compileDefinitions([nap]).get('nap');

test.each([
  ['250ms', 'PT0.25S', 250],
  ['30s', 'PT30S', 30_000],
  ['10m', 'PT10M', 600_000],
  ['1.5h', 'PT1.5H', 5_400_000],
  ['7d', 'P7D', 604_800_000],
  ['PT30S', 'PT30S', 30_000],
  ['P1W1DT1H1M1,5S', 'P1W1DT1H1M1,5S', 694_861_500],
  ['-P1Y2M', '-P1Y2M', undefined],
])('a duration of %s is %s for `run` and in an output', async (written, iso, ms) => {
  expect(await compiled?.coerceInput({ length: written })).toEqual({ length: iso });
  expect(compiled?.serializeOutput({ length: written })).toEqual({ length: iso });
  expect(isoMs(iso)).toBe(ms);
});

test.each(['soon', '', '30', 'P', '1 h', '-30s', '9999d', 30])(
  'what is no duration, as %j, is refused with what one looks like',
  async (written) => {
    await expect(compiled?.coerceInput({ length: written })).rejects.toMatchObject({
      issues: [
        {
          path: ['length'],
          message: expect.stringContaining(
            "Expected a duration such as '30s', '5m', '7d', or ISO 8601 such as 'PT30S', not",
          ),
        },
      ],
    });
  },
);
