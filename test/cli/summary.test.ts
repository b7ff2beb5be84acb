import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Folder, Program } from './program.ts';

const script = fileURLToPath(import.meta.resolve('../../.ci/summary.js'));
const passed = { status: 'passed', assertionResults: [{ status: 'passed' }] };
const counts = { numPassedTests: 7, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1 };

test.each([
  ['all is well', { ...counts, testResults: [passed] }, '0', '0', '7 passed, 0 failed, 2 skipped', 0],
  [
    'a test failed',
    { ...counts, numFailedTests: 2, testResults: [] },
    '1',
    '0',
    '7 passed, 2 failed, 2 skipped',
    1,
  ],
  ['the checks failed', { ...counts, testResults: [passed] }, '0', '1', '7 passed, 1 failed, 2 skipped', 1],
  [
    'a test failed and a file could not even be loaded',
    {
      ...counts,
      numFailedTests: 1,
      testResults: [passed, { name: 'a.test.ts', status: 'failed', assertionResults: [] }],
    },
    '1',
    '0',
    '7 passed, 2 failed, 2 skipped',
    1,
  ],
  [
    'an error came from outside any test',
    { ...counts, testResults: [] },
    '1',
    '0',
    '7 passed, 1 failed, 2 skipped',
    1,
  ],
  ['there is no report', undefined, '143', '0', '0 passed, 1 failed, 0 skipped', 1],
])('when %s, the last line of CI counts it', async (_, report, tests, check, line, code) => {
  await using folder = await Folder.create(
    report === undefined ? {} : { 'tests.json': JSON.stringify(report) },
  );
  await using summary = new Program(process.execPath, [script, 'tests.json', tests, check], {
    cwd: folder.path,
  });

  expect(await summary.ended).toMatchObject({ code });
  expect(summary.stdout.trimEnd().split('\n').at(-1)).toBe(line);
});
