import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { lockFolder } from '../../src/redis/embedded-lock.ts';

test.for([
  ['nobody', undefined],
  ['a dead process', '{"pid":4194305,"port":1,"id":"dead"}'],
  ['nobody knows', 'half a lo'],
] as const)('of many that want the folder of %s at once one gets it', async ([, content]) => {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-lock-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  for (let round = 0; round < 20; round++) {
    if (content !== undefined) await writeFile(join(folder, 'store.lock'), content);

    // Each a little later than the one before, to meet it in all its steps.
    const attempts = Array.from({ length: 12 }, async (_, index) => {
      for (let turn = 0; turn < index * round; turn++) await setImmediate();
      return lockFolder(folder, port);
    });
    const tries = await Promise.allSettled(attempts);

    const unlocks = tries.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    const reasons = tries.flatMap((attempt) =>
      attempt.status === 'rejected' ? [String(attempt.reason)] : [],
    );
    expect(unlocks).toHaveLength(1);
    expect(new Set(reasons)).toEqual(
      new Set([expect.stringContaining(`the store of process ${process.pid}`)]),
    );
    expect(await readdir(folder)).toEqual(['store.lock']);
    for (const unlock of unlocks) await unlock();
    expect(await readdir(folder)).toEqual([]);
  }
});
