import { describe, expect, test, vi } from 'vitest';
import { double, forever } from '../support/definitions.ts';
import { TestStore } from '../support/store.ts';
import { freshSettings, sharedStores } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';

/** Longer than silence is let pass, in seconds. */
const longAgo = 5;

describe.concurrent.each(sharedStores)('with nothing to do, in $name', (shared) => {
  test('all connections stay: the one that listens and the one that waits too', async () => {
    // A database of its own, so that these connections can be told from others.
    const db = 7;
    const settings = { ...freshSettings(shared), url: `${shared.url}/${db}` };
    await using tests = await TestTasks.start([double, forever], { redis: settings });
    await using operator = new TestStore(shared);
    const list = async () =>
      String(await operator.redis.client('LIST'))
        .split('\n')
        .filter((line) => line.includes(` db=${db} `));
    const ids = async () => new Set((await list()).map((line) => /^id=\d+/.exec(line)?.[0]));
    const watch = tests.tasks.watch((await tests.tasks.enqueue(forever, {})).id);
    await watch.next();
    const before = await ids();

    const ages = async () => (await list()).map((line) => Number(/ age=(\d+)/.exec(line)?.[1]));
    await vi.waitFor(async () => expect(Math.max(...(await ages()))).toBe(longAgo), { timeout: 10_000 });

    expect(await ids()).toEqual(before);
    expect(before.size).toBe(5);
    await watch.return();
  });
});
