import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test('the benchmark prints every figure beside its baseline', { timeout: 60_000 }, async () => {
  const { stdout } = await run(process.execPath, [new URL('bench.ts', import.meta.url).pathname, '--quick']);

  const baselines = ['plain node:http', 'pipelined HSET', 'bare bee-queue', 'PUBLISH → raw ws', 'setTimeout'];
  for (const baseline of baselines) expect(stdout).toContain(baseline);
  expect(stdout.match(/\d× \|$/gm)).toHaveLength(9);
});
