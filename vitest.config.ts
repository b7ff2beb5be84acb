import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'] },
    globalSetup: 'test/support/global-setup.ts',
    testTimeout: 20_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    // Node runs the sources as it does in production: one graphql, one module system, no transform.
    experimental: { viteModuleRunner: false },
  },
});
