import { describe, expect, test, vi } from 'vitest';
import { statesChannel } from '../../src/redis/keys.ts';
import { FindingWatch } from '../../src/tasks/finding-watch.ts';
import { Store } from '../../src/tasks/store.ts';
import { Gate } from '../support/definitions.ts';
import { HeldWatches } from '../support/held-store.ts';
import { type SharedStore, sharedStores, testLogger } from '../support/stores.ts';

/** A watch of findings by a feed of which confirmations can be held back, in a store that waits for them so long. */
function findingsOf(shared: SharedStore, answerMs: number) {
  const held = new HeldWatches(shared);
  const { redis, feed, settings } = held;
  const store = new Store(redis, settings.prefix ?? '', answerMs);
  const examined = vi.fn<() => Promise<readonly never[]>>(async () => []);
  const channel = statesChannel(store.root('images'));
  const watch = new FindingWatch({
    redis,
    feed,
    logger: testLogger,
    store,
    queues: async () => ['images'],
    namesChannel: store.queuesChannel,
    channels: () => [channel],
    examine: examined,
  });
  return {
    watch,
    feed,
    examined,
    channel,
    names: store.queuesChannel,
    ready: () => vi.waitFor(() => expect(redis.status).toBe('ready')),
    happen: () => store.publish(channel, ''),
    async [Symbol.asyncDispose](): Promise<void> {
      watch.close();
      await held[Symbol.asyncDispose]();
    },
  };
}

describe.each(sharedStores)('a watch of what needs attention in $name', (shared) => {
  test('that is left while it begins to listen leaves nothing behind, also where another one begins at once', async () => {
    await using findings = findingsOf(shared, 10_000);
    const { watch, feed, names } = findings;
    const confirmed = new Gate();
    feed.held.set(names, confirmed);
    const left = new AbortController();
    const first = watch.watch({ signal: left.signal }).next();
    await vi.waitFor(() => expect(feed.counts.get(names)).toBe(1));
    left.abort();
    expect(await first).toEqual({ done: true, value: undefined });
    const abort = new AbortController();
    const second = watch.watch({ signal: abort.signal });
    const told = second.next();
    await vi.waitFor(() => expect(feed.counts.get(names)).toBe(2));

    confirmed.open();
    expect((await told).value).toMatchObject({ findings: [] });
    await second.return();

    expect(feed.size).toBe(0);
  });

  test('looks again once the store confirms, late, that it listens, and hears what happens then', async () => {
    await using findings = findingsOf(shared, 100);
    const { watch, feed, examined, channel } = findings;
    const confirmed = new Gate();
    feed.held.set(channel, confirmed);
    // That the store comes is a reason to look, too.
    await findings.ready();
    const lists = watch.watch();
    expect((await lists.next()).value).toMatchObject({ findings: [] });
    expect(examined).toHaveBeenCalledTimes(1);

    confirmed.open();
    // What has aged is looked at after ten seconds.
    await vi.waitFor(() => expect(examined).toHaveBeenCalledTimes(2), { timeout: 5_000 });
    await findings.happen();
    await vi.waitFor(() => expect(examined).toHaveBeenCalledTimes(3), { timeout: 5_000 });

    const ended = lists.next();
    watch.close();
    expect(await ended).toEqual({ done: true, value: undefined });
    expect(feed.size).toBe(0);
  });
});
