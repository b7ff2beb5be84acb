import { setMaxListeners } from 'node:events';
import { Redis } from 'ioredis';
import { createPubSub } from 'graphql-yoga';

/** Yoga's own pub/sub for the sockets of this process, fed by one Redis connection that listens while someone does. */
export function redisPubSub(url) {
  const redis = new Redis(url);
  const eventTarget = new EventTarget();
  // As many sockets as there are may watch one task.
  setMaxListeners(0, eventTarget);
  const pubSub = createPubSub({ eventTarget });
  const watchers = new Map();
  redis.on('message', (channel, message) => pubSub.publish(channel, JSON.parse(message)));
  return {
    subscribe(id) {
      const channel = `peers:${id}`;
      const count = watchers.get(channel) ?? 0;
      watchers.set(channel, count + 1);
      if (count === 0) void redis.subscribe(channel);
      const changes = pubSub.subscribe(channel);
      const end = changes.return.bind(changes);
      changes.return = (value) => {
        const left = watchers.get(channel) - 1;
        watchers.set(channel, left);
        if (left === 0 && watchers.delete(channel)) void redis.unsubscribe(channel);
        return end(value);
      };
      return changes;
    },
  };
}
