import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Every process of the tests loads the same sources: compiled once, for all of them.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'taskwire-test-compile-cache');

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'] },
    globalSetup: 'test/support/global-setup.ts',
    setupFiles: ['test/support/watch-leaks.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // On two cores: much of the time is spent waiting, for processes and for what they were told to notice. Where the result
    // decides, tests that look at the clock get more of it.
    maxWorkers: process.env['CI'] === 'true' ? 2 : 3,
    // A file leaves nothing open and nothing changed, so that the next one may have its process.
    isolate: false,
    // Node runs the sources as it does in production: one graphql, one module system, no transform.
    experimental: { viteModuleRunner: false },
  },
});
