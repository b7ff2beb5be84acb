import { describe, expect, test, vi } from 'vitest';
import { connect } from '../../src/redis/connection.ts';
import { statesChannel } from '../../src/redis/keys.ts';
import { Feed } from '../../src/tasks/feed.ts';
import { Trigger } from '../../src/tasks/trigger.ts';
import { TestStore, w1 } from '../support/store.ts';
import { sharedStores, testLogger } from '../support/stores.ts';
import { HeldWatches } from '../support/held-store.ts';

/** How many connections listen to a channel. */
async function listeners({ redis }: TestStore, channel: string): Promise<unknown> {
  const [, count] = await redis.pubsub('NUMSUB', channel);
  return count;
}

/** A trigger with how often it has fired. */
function counting(images: TestStore, feed: Feed) {
  const fired = { times: 0 };
  const trigger = new Trigger({ feed, store: images.store }, () => (fired.times += 1));
  return { trigger, fired };
}

describe.each(sharedStores)('what is watched by looks, in $name', (shared) => {
  test('costs nothing a state while the watch rests, and is listened to again before the next look', async () => {
    await using held = new HeldWatches(shared);
    await using images = new TestStore(held.settings);
    await images.store.registerQueues([images.queue]);
    const channel = statesChannel(images.root);
    const watch = held.workers.watch();
    await watch.next();
    expect(await listeners(images, channel)).toBe(1);

    // It rests for a second, however much happens.
    await vi.waitFor(async () => {
      await images.create();
      expect(await listeners(images, channel)).toBe(0);
    });
    await images.present(1, w1);
    expect((await watch.next()).value?.workers).toHaveLength(1);
    expect(await listeners(images, channel)).toBe(1);

    await watch.return();
    await vi.waitFor(async () => expect(await listeners(images, channel)).toBe(0));
  });

  test('fires once for many messages, and again for the next one after it was armed', async () => {
    await using images = new TestStore(shared);
    const feed = new Feed(connect({ url: shared.url }, 'subscriber', testLogger), testLogger);
    const { trigger, fired } = counting(images, feed);
    const [channel, other] = [`${images.root}:a`, `${images.root}:b`];
    const remove = await trigger.add([channel, other]);
    let afters = 0;
    const heard = async () => {
      afters += 1;
      // Told after whatever was published before.
      await feed.listen(`${images.root}:after${afters}`, {
        onMessage: () => undefined,
        onGap: () => undefined,
      }).confirmed;
    };

    for (let count = 0; count < 10; count += 1) await images.store.publish(channel, '');
    await heard();
    expect(fired.times).toBe(1);

    await trigger.arm();
    await images.store.publish(channel, '');
    await images.store.publish(other, '');
    await heard();
    expect(fired.times).toBe(3);

    await trigger.arm();
    remove();
    await vi.waitFor(async () => expect(await listeners(images, channel)).toBe(0));
    expect(fired.times).toBe(3);
    feed.close();
  });

  test('goes on for others, however often one ends what it wanted', async () => {
    await using images = new TestStore(shared);
    const feed = new Feed(connect({ url: shared.url }, 'subscriber', testLogger), testLogger);
    const { trigger, fired } = counting(images, feed);
    const channel = `${images.root}:a`;
    const stop = await trigger.add([channel]);
    await trigger.add([channel]);

    stop();
    stop();

    expect(await images.redis.publish(channel, '')).toBe(1);
    await vi.waitFor(() => expect(fired.times).toBe(1));
    feed.close();
  });

  test('misses nothing from the moment at which it is armed, however often that is', async () => {
    await using images = new TestStore(shared);
    const feed = new Feed(connect({ url: shared.url }, 'subscriber', testLogger), testLogger);
    const { trigger, fired } = counting(images, feed);
    const channel = `${images.root}:a`;
    await trigger.add([channel]);

    for (let round = 1; round <= 200; round += 1) {
      await trigger.arm();
      // It has just left the channel, and listens again: the store has to have confirmed that one.
      expect(await images.redis.publish(channel, '')).toBe(1);
      await vi.waitFor(() => expect(fired.times).toBe(round), { interval: 1 });
    }
    feed.close();
  });

  test('of a channel that is left and wanted again the store confirms the one that is wanted', async () => {
    await using images = new TestStore(shared);
    const feed = new Feed(connect({ url: shared.url }, 'subscriber', testLogger), testLogger);
    const channel = `${images.root}:a`;
    let gaps = 0;
    const listener = () => ({ onMessage: () => undefined, onGap: () => (gaps += 1) });
    await feed.listen(`${images.root}:b`, listener()).confirmed;

    const left = feed.listen(channel, listener());
    left.stop();
    const wanted = feed.listen(channel, listener());
    // Whoever waits for it doesn't wait for ever.
    await left.confirmed;
    await wanted.confirmed;
    await feed.listen(`${images.root}:c`, listener()).confirmed;

    expect(gaps).toBe(0);
    expect(await images.redis.publish(channel, '')).toBe(1);
    feed.close();
  });

  test('fires for what may have been missed while the connection was away', async () => {
    await using images = new TestStore(shared);
    const feed = new Feed(connect({ url: shared.url }, 'subscriber', testLogger), testLogger);
    const { trigger, fired } = counting(images, feed);
    await trigger.add([`${images.root}:a`]);

    await images.cutLinks();

    await vi.waitFor(() => expect(fired.times).toBe(1), { timeout: 5_000 });
    feed.close();
  });
});
