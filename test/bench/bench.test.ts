import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test('the benchmark prints every figure beside its baseline', { timeout: 60_000 }, async () => {
  const { stdout } = await run(process.execPath, [new URL('bench.ts', import.meta.url).pathname, '--quick']);

  for (const baseline of ['plain node:http', 'bare bee-queue', 'PUBLISH → raw ws', 'setTimeout'])
    expect(stdout).toContain(baseline);
  expect(stdout.match(/\d× \|$/gm)).toHaveLength(8);
});
