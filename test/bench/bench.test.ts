import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { hasProc } from './harness/proc.ts';
import type { Line } from './report.ts';

const run = promisify(execFile);

test(
  'the benchmark prints figures beside their peers, and writes the same as JSON',
  { timeout: 180_000 },
  async ({ skip }) => {
    if (!hasProc()) skip('there is no /proc');
    const folder = await mkdtemp(join(tmpdir(), 'taskwire-bench-'));
    try {
      const json = join(folder, 'bench.json');
      const bench = new URL('bench.ts', import.meta.url).pathname;
      const { stdout } = await run(process.execPath, [
        bench,
        '--quick',
        '--only',
        'worker,sockets,http',
        '--json',
        json,
      ]);

      // What bench.ts writes.
      const { figures } = JSON.parse(await readFile(json, 'utf8')) as { figures: Line[] };
      const rows = stdout.split('\n').filter((line) => line.startsWith('| '));
      expect(rows.slice(2)).toHaveLength(figures.length);
      for (const { figure, taskwire } of figures)
        expect({ figure, taskwire }).toEqual({ figure, taskwire: expect.any(Number) });
      // Peers that aren't installed say so; those that need nothing have been measured.
      const withoutPeers = ['bare bee-queue', 'raw ws', 'plain node:http', 'Yoga + graphql-ws'];
      const measured = figures.filter(({ value }) => typeof value === 'number').map(({ peer }) => peer);
      for (const peer of withoutPeers) expect(measured).toContain(peer);
      for (const { value, missing } of figures.filter(({ peer }) => peer !== undefined))
        expect(value ?? missing).toBeDefined();
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
