import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../support/redis-server.ts';
import { freshSettings } from '../support/stores.ts';
import { Folder, type Program, taskwire } from './program.ts';

test('a rolling restart of all processes under load loses no task and repeats none', async () => {
  await using folder = await Folder.create({ 'tasks/note.ts': note });
  const { url, prefix } = freshSettings();
  const options = { cwd: folder.path, env: { REDIS_URL: url, TASKWIRE_PREFIX: prefix } };
  const ports = [await freePort(), await freePort()];
  const servers = ports.map((port) => taskwire(['server', '--port', String(port)], options));
  const workers = [taskwire(['worker'], options), taskwire(['worker'], options)];
  await Promise.all([
    ...servers.map((server) => server.says(/the API listens/)),
    ...workers.map((worker) => worker.says(/the worker takes tasks/)),
  ]);

  const over = new AbortController();
  const enqueuing = enqueueUntil(over.signal, ports);
  for (const [index, worker] of workers.entries()) {
    const next = taskwire(['worker'], options);
    await next.says(/the worker takes tasks/);
    await endedWell(worker);
    workers[index] = next;
  }
  for (const [index, server] of servers.entries()) {
    await endedWell(server);
    const next = taskwire(['server', '--port', String(ports[index])], options);
    await next.says(/the API listens/);
    servers[index] = next;
  }
  over.abort();
  const ids = await enqueuing;
  await Promise.all(workers.map((worker) => endedWell(worker)));

  const noted = (await readFile(join(folder.path, 'noted'), 'utf8')).trim().split('\n');
  const left = await unfinished(ports, ids);
  await Promise.all(servers.map((server) => endedWell(server)));
  // Stopping workers leave what nobody has begun; all else has run, and run once.
  expect(ids.length).toBeGreaterThan(50);
  expect(new Set(noted).size).toBe(noted.length);
  expect([...noted, ...left].toSorted()).toEqual(ids.toSorted());
}, 90_000);

/** Notes in a file that it ran. */
const note = `
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { defineTask } from 'taskwire';
export const note = defineTask({
  name: 'note',
  async run(_, { id }) {
    await delay(250);
    appendFileSync('noted', id + '\\n');
  },
});
`;

/** Enqueues as fast as eight clients can, each by the first API that answers; sends again what wasn't answered. */
async function enqueueUntil(over: AbortSignal, ports: readonly number[]): Promise<string[]> {
  const ids: string[] = [];
  let count = 0;
  const clients = Array.from({ length: 8 }, async () => {
    while (!over.aborted) {
      count += 1;
      const query = `mutation { note(options: { idempotencyKey: "key ${count}" }) { task { id } } }`;
      // What the query asks for.
      const { note } = (await request(ports, count, query)) as { note: { task: { id: string } } };
      ids.push(note.task.id);
    }
  });
  await Promise.all(clients);
  return ids;
}

async function unfinished(ports: readonly number[], ids: readonly string[]): Promise<string[]> {
  const left: string[] = [];
  for (let from = 0; from < ids.length; from += 50) {
    const some = JSON.stringify(ids.slice(from, from + 50));
    // What the query asks for.
    const { nodes } = (await request(ports, 0, `{ nodes(ids: ${some}) { ... on Task { id status } } }`)) as {
      nodes: { id: string; status: string }[];
    };
    left.push(...nodes.filter(({ status }) => status === 'QUEUED').map(({ id }) => id));
  }
  return left;
}

async function request(ports: readonly number[], first: number, query: string): Promise<unknown> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    try {
      const response = await fetch(`http://127.0.0.1:${ports[(first + attempt) % ports.length]}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      const { data } = (await response.json()) as { data?: unknown };
      if (data !== undefined && data !== null) return data;
    } catch {
      // That one is just being restarted.
    }
  }
  throw new Error('no API answered');
}

async function endedWell(program: Program): Promise<void> {
  program.signal('SIGTERM');
  expect(await program.ended).toStrictEqual({ code: 0, signal: null });
}
