import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Every process of the tests loads the same sources: compiled once, for all of them.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'taskwire-test-compile-cache');

/**
 * The files that take longest come first, so that no worker is left alone with one at the end; those that compute and those
 * that wait by turns.
 */
const longest = [
  'chaos/chaos',
  'tasks/health',
  'cli/dev',
  'tasks/looks',
  'browser/tasks',
  'tasks/live-list',
  'browser/task',
  'tasks/workers',
  'browser/audit',
  'cli/run',
  'tasks/return',
  'cli/processes',
  'browser/schedules',
  'worker/blocked-loop',
  'browser/shell',
  'redis/embedded',
  'bench/bench',
  'browser/queues',
].map((name) => join(import.meta.dirname, `test/${name}.test.ts`));

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // What isn't named stays in the order that it has.
    const rank = ({ moduleId }: TestSpecification): number =>
      longest.includes(moduleId) ? longest.indexOf(moduleId) : longest.length;
    // oxlint-disable-next-line unicorn/no-array-sort -- it isn't an array's
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'] },
    globalSetup: 'test/support/global-setup.ts',
    setupFiles: ['test/support/watch-leaks.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // On two cores: much of the time is spent waiting, for processes and for what they were told to notice.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // A file leaves nothing open and nothing changed, so that the next one may have its process.
    isolate: false,
    // Node runs the sources as it does in production: one graphql, one module system, no transform.
    experimental: { viteModuleRunner: false },
  },
});
