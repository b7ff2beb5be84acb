import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/redis/embedded.ts';
import { RedisServer } from './redis-server.ts';
import type { SharedStore } from './stores.ts';
import { systemPackage } from './system-packages.ts';

declare module 'vitest' {
  interface ProvidedContext {
    stores: readonly SharedStore[];
    redisServer: string | undefined;
    /** The program of a Chromium. */
    browser: string | undefined;
    /** The program of Prometheus, with promtool beside it. */
    prometheus: string | undefined;
    /** The folder of what `watch-leaks.ts` has found. */
    leaks: string;
  }
}

/** Starts the stores that all test files share, and ends them after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [embedded] = await Promise.all([startEmbedded({}), buildDashboard()]);
  const stores: SharedStore[] = [{ name: 'the embedded store', url: embedded.url }];
  const found = await systemPackage('redis-server');
  let redis: RedisServer | undefined;
  if ('path' in found) {
    redis = await RedisServer.start(found.path);
    stores.push({ name: 'redis-server', url: redis.url });
  } else {
    process.stderr.write(`Skipped: tests that need redis-server. ${found.missing}\n`);
  }
  project.provide('stores', stores);
  project.provide('redisServer', 'path' in found ? found.path : undefined);
  const browser = await systemPackage(
    'chromium-headless-shell',
    'chromium',
    'chromium-browser',
    'google-chrome',
  );
  if ('missing' in browser) {
    process.stderr.write(`Skipped: tests that need a browser. ${browser.missing}\n`);
  }
  project.provide('browser', 'path' in browser ? browser.path : undefined);
  const prometheus = await systemPackage('prometheus');
  if ('missing' in prometheus) {
    process.stderr.write(`Skipped: tests that need Prometheus. ${prometheus.missing}\n`);
  }
  project.provide('prometheus', 'path' in prometheus ? prometheus.path : undefined);
  const leaks = await mkdtemp(join(tmpdir(), 'taskwire-leaks-'));
  project.provide('leaks', leaks);
  return async () => {
    await embedded.close();
    await redis?.[Symbol.asyncDispose]();
    const found = await Promise.all(
      (await readdir(leaks)).map(async (name) => await readFile(join(leaks, name), 'utf8')),
    );
    await rm(leaks, { recursive: true });
    // Also where the test was tried again, or nobody looked at it.
    if (found.length > 0) throw new Error(`Secrets were seen where they may not be:\n${found.join('')}`);
  };
}

/** What the API serves at its root: of the sources as they are. */
async function buildDashboard(): Promise<void> {
  const script = fileURLToPath(new URL('../../scripts/dashboard.js', import.meta.url));
  await promisify(execFile)(process.execPath, [script]);
}
