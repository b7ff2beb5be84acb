import { expect, test, vi } from 'vitest';
import { connect, defaultPrefix } from '../../src/redis/connection.ts';
import { Lane } from '../../src/tasks/lane.ts';
import { Serving } from '../../src/worker/serving.ts';
import { freshSettings, testLogger } from '../support/stores.ts';

/** As one of which a slot is busy for longer than Bee-Queue waits. */
class BusyLane extends Lane {
  override async close(): Promise<void> {
    await super.close();
    throw new Error('Operation timed out.');
  }
}

test('a worker that was drained goes on where a run takes longer than its lane waits for it', async () => {
  const settings = freshSettings();
  const { prefix = defaultPrefix } = settings;
  const redis = connect(settings, 'worker', testLogger);
  const warn = vi.spyOn(testLogger, 'warn');
  const queue = 'images';
  const options = { queue, prefix, redis, logger: testLogger };
  const serving = new Serving({
    ...options,
    openLane: () => new BusyLane(options),
    count: 1,
    slot: async () => undefined,
  });
  await serving.start();

  serving.heed('{"reason":"a test"}');
  await vi.waitFor(() => expect(warn).toHaveBeenCalled());
  serving.heed(undefined);
  await serving.close();

  expect(warn.mock.calls.map(([details]) => details)).toContainEqual(
    expect.objectContaining({ queue, err: new Error('Operation timed out.') }),
  );
  warn.mockRestore();
  redis.disconnect();
});
