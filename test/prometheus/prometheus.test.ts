import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, test, vi } from 'vitest';
import { environment, Folder, listening, Program, taskwire } from '../cli/program.ts';
import { freePort } from '../support/redis-server.ts';

vi.setConfig({ testTimeout: 120_000 });

const prometheus = inject('prometheus');
const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const rules = file('docs/prometheus/alerts.yml');

const definitions = `import { defineTask } from '${import.meta.resolve('../../src/index.ts')}';
export const double = defineTask({ name: 'double', input: (t) => ({ n: t.int({ required: true }) }),
  output: (t) => ({ n: t.int() }), run: ({ n }) => ({ n: 2 * n }) });
export const fails = defineTask({ name: 'fails', retry: { attempts: 1 }, run() { throw new Error('no'); } });
export const waits = defineTask({ name: 'waits', run: (_input, { signal }) => new Promise((_, reject) =>
  signal.addEventListener('abort', () => reject(signal.reason))) });
`;

/** Runs Prometheus' own tool beside it. */
async function promtool(args: readonly string[], input = '') {
  await using program = new Program(join(dirname(prometheus ?? ''), 'promtool'), args, { input });
  const { code } = await program.ended;
  return { code, said: program.stdout + program.stderr };
}

/** An API and a worker as processes, with some tasks behind them. */
async function startFleet() {
  const folder = await Folder.create({ 'tasks/all.ts': definitions });
  const options = { cwd: folder.path, env: environment() };
  const api = taskwire(['server', '--lease', '1s'], options);
  const worker = taskwire(['worker', '--lease', '1s', '--metrics-port', '0'], options);
  const [, port = ''] = await worker.says(/"port":(\d+)[^\n]*the worker tells its metrics/);
  await worker.says(/the worker takes tasks/);
  const url = await listening(api);
  const work = async (query: string): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    expect(await response.json()).not.toHaveProperty('errors');
  };
  return {
    worker,
    targets: { api: new URL(url).host, worker: `127.0.0.1:${port}` },
    work,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await worker[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const someTasks = `mutation { double(input: { n: 1 }, options: { wait: "20s" }) { task { id } }
  fails(options: { wait: "20s" }) { task { id } } }`;

/** A Prometheus that asks often. */
async function startPrometheus(targets: Readonly<Record<string, string>>) {
  const jobs = Object.entries(targets).map(
    ([job, target]) => `  - { job_name: taskwire-${job}, static_configs: [{ targets: ['${target}'] }] }\n`,
  );
  const folder = await Folder.create({
    'prometheus.yml': `global: { scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms }
rule_files: ['${rules}']
scrape_configs:
${jobs.join('')}`,
  });
  const origin = `127.0.0.1:${await freePort()}`;
  const program = new Program(prometheus ?? '', [
    `--config.file=${join(folder.path, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder.path, 'data')}`,
    `--web.listen-address=${origin}`,
  ]);
  await program.says(/Server is ready to receive web requests/);
  const ask = async (path: string) => {
    const { data, error } = await (await fetch(`http://${origin}/api/v1/${path}`)).json();
    if (error !== undefined) throw new Error(`${path}: ${error}`);
    return data;
  };
  return {
    alerts: async (): Promise<{ name: string; query: string; health: string; state: string }[]> =>
      (await ask('rules')).groups.flatMap((group: { rules: [] }) => group.rules),
    /** Numbers that a query gives now. */
    figures: async (query: string): Promise<number[]> => {
      const { result } = await ask(`query?${new URLSearchParams({ query })}`);
      return result.map(({ value: [, text] }: { value: [number, string] }) => Number(text));
    },
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** What the Grafana dashboard asks, with all queues and definitions. */
async function panelQueries(): Promise<string[]> {
  const { panels } = JSON.parse(await readFile(file('docs/grafana/taskwire.json'), 'utf8'));
  const targets: { readonly expr: string }[] = panels.flatMap(({ targets }: { targets: [] }) => targets);
  return targets.map(({ expr }) =>
    expr.replaceAll(/\$(queue|name)\b/g, '.*').replaceAll('$__rate_interval', '1m'),
  );
}

test.skipIf(prometheus === undefined)(
  'Prometheus takes the alert rules, and each fires when it should and not before',
  async () => {
    const checked = await promtool(['check', 'rules', rules]);
    const tested = await promtool(['test', 'rules', file('test/prometheus/alerts.test.yml')]);

    expect(checked).toMatchObject({ code: 0, said: expect.stringContaining('7 rules found') });
    expect(tested).toMatchObject({ code: 0, said: expect.stringContaining('SUCCESS') });
  },
);

test.skipIf(prometheus === undefined)(
  'each query of the dashboard and of the alerts finds data of an API and a worker, and a lost worker is told of',
  async () => {
    await using fleet = await startFleet();
    const { targets, work, worker } = fleet;
    await using server = await startPrometheus(targets);
    const queries = await panelQueries();
    await work(someTasks);
    const scraped = async () => {
      expect(await server.figures('up')).toEqual([1, 1]);
      expect(await server.figures('sum(taskwire_tasks_finished_total)')).toEqual([2]);
    };
    // What is counted from then on, rates tell.
    await vi.waitFor(scraped, { timeout: 30_000, interval: 100 });
    await work(someTasks);

    for (const query of queries) {
      const finds = async () =>
        expect((await server.figures(query)).some((figure) => !isNaN(figure))).toBe(true);
      await vi.waitFor(finds, { timeout: 30_000, interval: 100 }).catch((cause: unknown) => {
        throw new Error(`nothing is found by ${query}`, { cause });
      });
    }
    const alerts = await server.alerts();
    expect(alerts.map(({ health }) => health)).toEqual(Array(7).fill('ok'));
    for (const selector of alerts.flatMap(({ query }) => query.match(/taskwire_\w+(?:\{[^}]*\})?/g) ?? [])) {
      expect.soft(await server.figures(selector), selector).not.toEqual([]);
    }

    await work('mutation { waits { task { id } } }');
    await vi.waitFor(
      async () => expect(await server.figures('taskwire_worker_attempts_running')).toEqual([1]),
      { timeout: 30_000, interval: 100 },
    );
    process.kill(worker.pid, 'SIGKILL');
    await vi.waitFor(
      async () => {
        const firing = (await server.alerts()).filter(({ state }) => state === 'firing');
        expect(firing.map(({ name }) => name)).toEqual(['TaskwireLeasesLost']);
      },
      { timeout: 60_000, interval: 100 },
    );
  },
);

test.skipIf(prometheus === undefined)(
  'Prometheus finds nothing wrong with what an API and a worker tell of Taskwire',
  async () => {
    await using fleet = await startFleet();
    await fleet.work(someTasks);

    for (const target of Object.values(fleet.targets)) {
      const text = await (await fetch(`http://${target}/metrics`)).text();
      const { said } = await promtool(['check', 'metrics'], text);
      // What prom-client calls Node's own figures is its to say.
      expect(said.split('\n').filter((line) => !/^$|^(?:nodejs|process)_/.test(line))).toEqual([]);
    }
  },
);
