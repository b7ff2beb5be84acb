// Prints how the tests and checks went, ends with 1 unless all is well.
// Arguments: Vitest's JSON report, the exit codes of the test command and of the checks.
import { existsSync, readFileSync } from 'node:fs';

const [file, tests, check] = process.argv.slice(2);
const report = existsSync(file)
  ? JSON.parse(readFileSync(file, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };

// A file that can't even be loaded fails without a failed test in it.
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
);
let failed = report.numFailedTests + brokenFiles.length;
for (const { name } of brokenFiles) say(`This file failed as a whole: ${name}`);
if (tests !== '0') say(`The test command failed with exit code ${tests}.`);
// As with an error that no test caught, or with no report at all.
if (tests !== '0' && failed === 0) failed = 1;
if (check !== '0') {
  say(`The checks failed with exit code ${check}.`);
  failed += 1;
}
say(
  `${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests + report.numTodoTests} skipped`,
);
process.exitCode = failed === 0 ? 0 : 1;

function say(line) {
  process.stdout.write(`${line}\n`);
}
