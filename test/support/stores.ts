import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { logLevels, type Logger } from '../../src/logger.ts';
import { inject } from 'vitest';
import type { RedisSettings } from '../../src/redis/connection.ts';
import { leaks } from './secrets.ts';

const level = logLevels.find((level) => level === process.env['TEST_LOG']);

/** A store that the whole run shares; every test takes a prefix of its own in it. */
export interface SharedStore {
  readonly name: string;
  readonly url: string;
}

/** The stores of this run: the embedded one, and a redis-server where there is one. */
export const sharedStores: readonly SharedStore[] = inject('stores');

/** The path of redis-server, or undefined where it couldn't be had; tests that need it are then skipped. */
export const redisServerPath: string | undefined = inject('redisServer');

/** Settings in a shared store that no other test uses. */
export function freshSettings(store: SharedStore | undefined = sharedStores.at(-1)): RedisSettings {
  if (store === undefined) throw new Error('the global setup starts at least the embedded store');
  return { url: store.url, prefix: `t${randomBytes(6).toString('hex')}` };
}

/** Quiet, unless TEST_LOG says otherwise. What it would say is searched for secrets, and not cleaned of them before. */
export const testLogger: Logger = pino(
  { level: 'debug' },
  pino.multistream([
    { level: 'debug', stream: { write: (line) => leaks.see(leaks, 'log', 'a logger of the tests', line) } },
    ...(level === undefined ? [] : [{ level, stream: process.stderr }]),
  ]),
);
