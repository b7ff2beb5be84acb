import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/redis/embedded.ts';
import { RedisServer } from './redis-server.ts';
import type { SharedStore } from './stores.ts';
import { systemPackage } from './system-packages.ts';

declare module 'vitest' {
  interface ProvidedContext {
    stores: readonly SharedStore[];
    redisServer: string | undefined;
  }
}

/** Starts the stores that all test files share, and ends them after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const embedded = await startEmbedded({});
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
  return async () => {
    await embedded.close();
    await redis?.[Symbol.asyncDispose]();
  };
}
