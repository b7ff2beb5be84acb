import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { apiMetrics } from '../../src/prometheus/api-metrics.ts';
import { Exposition } from '../../src/prometheus/exposition.ts';
import { processMetrics } from '../../src/prometheus/process-metrics.ts';
import { workerMetrics } from '../../src/prometheus/worker-monitor.ts';
import { figures, parseExposition } from '../support/exposition.ts';

const file = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

const metrics = [...processMetrics, ...apiMetrics, ...workerMetrics];

/** What is told, with nothing in it; every name that a query may use. */
async function told() {
  const source = { isStoreUp: true, slots: 1, busy: 0, notReady: undefined };
  const open = { sockets: 0, eventStreams: 0 };
  const exposition = new Exposition<typeof source & { open: typeof open; watches: number; queues: [] }>(
    metrics,
  );
  return parseExposition((await exposition.read({ ...source, open, watches: 0, queues: [] })).text);
}

async function namesToldIn(): Promise<Set<string>> {
  return new Set(
    [...(await told())].flatMap(([name, { type }]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => `${name}${suffix}`) : [name],
    ),
  );
}

/** Metrics that a query names, and labels that it asks for or sums by. */
function usedBy(query: string) {
  const names = [...query.matchAll(/\b(?:taskwire|process|nodejs)_[a-z0-9_]+/g)].map(([name]) => name);
  const labels = [
    ...[...query.matchAll(/\{([^}]*)\}/g)].flatMap(([, list = '']) => [
      ...list.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g),
    ]),
    ...[...query.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => [
      ...list.matchAll(/(\w+)/g),
    ]),
  ].map(([, label = '']) => label);
  return { names, labels };
}

/** Of each query: its metrics are told, and its labels are theirs, or given by the scrape. */
async function expectTold(queries: readonly string[]): Promise<void> {
  const known = await namesToldIn();
  for (const query of queries) {
    const { names, labels } = usedBy(query);
    expect(names).not.toEqual([]);
    for (const name of names) expect(known).toContain(name);
    const theirs = metrics.filter((metric) => names.some((name) => name.startsWith(metric.name)));
    const allowed = ['le', 'instance', 'job', ...theirs.flatMap((metric) => metric.labels)];
    for (const label of labels) expect(allowed).toContain(label);
  }
}

test('docs/metrics.md names all metrics that are told, and no others', async () => {
  const documented = [...(await file('docs/metrics.md')).matchAll(/^\| `(taskwire_[a-z_]+)` +\| (\w+)/gm)];
  const names = [...(await told())].filter(([name]) => name.startsWith('taskwire_'));

  expect(documented.map(([, name, type]) => `${name} ${type}`).toSorted()).toEqual(
    names.map(([name, { type }]) => `${name} ${type}`).toSorted(),
  );
});

test('names follow the conventions of Prometheus', () => {
  for (const { name, type, labels } of metrics) {
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).toMatch(/^taskwire_[a-z_]+$/);
    expect(type !== 'histogram' || name.endsWith('_seconds')).toBe(true);
    for (const label of labels)
      expect(['queue', 'name', 'status', 'outcome', 'kind', 'version']).toContain(label);
  }
});

test('the Grafana dashboard asks only for what is told', async () => {
  const dashboard = JSON.parse(await file('docs/grafana/taskwire.json'));
  const { panels, templating, title, schemaVersion } = dashboard;
  const targets = panels.flatMap((panel: { targets: { expr: string }[] }) => panel.targets);
  const variables = templating.list.flatMap(({ definition = '' }) => definition);

  expect([title, typeof schemaVersion]).toEqual(['Taskwire', 'number']);
  expect(new Set(panels.map(({ id }: { id: number }) => id)).size).toBe(panels.length);
  await expectTold(targets.map(({ expr }: { expr: string }) => expr));
  await expectTold(variables.filter((query: string) => query !== ''));
});

test('the alert rules ask only for what is told', async () => {
  const text = (await file('docs/prometheus/alerts.yml'))
    .replaceAll(/ >-\n/g, ' ')
    .replaceAll(/\n {10}(?=[a-z/])/g, ' ');
  const rules = [...text.matchAll(/- alert: (\w+)\n +expr: (.+)\n/g)];

  expect(rules.map(([, name]) => name)).toEqual([
    'TaskwireNoWorker',
    'TaskwireOldestTooOld',
    'TaskwireQueuePaused',
    'TaskwireFailures',
    'TaskwireLeasesLost',
    'TaskwireStoreUnreachable',
    'TaskwireWorkerNotReady',
  ]);
  await expectTold(rules.map(([, , query = '']) => query));
});

test('a registry tells nothing of a source that it was not asked about', async () => {
  expect(figures(await told(), 'taskwire_queue_depth')).toEqual({});
  expect(figures(await told(), 'taskwire_worker_slots')).toEqual({ '': 1 });
});
