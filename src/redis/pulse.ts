import type { Redis } from 'ioredis';

/** How often a connection is looked at. */
const lookMs = 500;
/** So many looks without a byte: three seconds, which is longer than Redis should ever be busy. */
const silentLooks = 6;

/**
 * Ends each connection on which the server has fallen silent, so that a new one is made: a network or a host that
 * vanished closes nothing. Looks are counted instead of time, as it may be this process that was held up.
 */
export function keepPulse(redis: Redis): void {
  redis.on('connect', () => {
    const { stream } = redis;
    let read = -1;
    let silent = 0;
    const look = (): void => {
      silent = stream.bytesRead === read ? silent + 1 : 0;
      read = stream.bytesRead;
      if (silent === silentLooks) stream.destroy(new Error('the server has fallen silent'));
      // Whoever is idle hears nothing either.
      else if (silent === 1 && redis.status === 'ready') redis.ping().catch(() => undefined);
    };
    const timer = setInterval(look, lookMs).unref();
    stream.once('close', () => clearInterval(timer));
  });
}
