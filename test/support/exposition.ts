/** A metric as it was told. */
export interface Told {
  readonly type: string;
  readonly help: string;
  /** By name and labels, as they stand in the text: `name{a="b"}`. */
  readonly samples: ReadonlyMap<string, number>;
}

/** Reads the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/), and throws where it isn't that. */
export function parseExposition(text: string): Map<string, Told> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const metrics = new Map<string, { type: string; help: string; samples: Map<string, number> }>();
  let help: { readonly name: string; readonly text: string } | undefined;
  let current: string | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, about = '', rest = ''] =
      /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') {
      help = { name: about, text: rest };
      continue;
    }
    if (kind === 'TYPE') {
      if (help?.name !== about) throw new Error(`${about} has no help`);
      if (!/^(?:counter|gauge|histogram|summary)$/.test(rest)) throw new Error(`${about} is a ${rest}`);
      if (metrics.has(about)) throw new Error(`${about} is told twice`);
      metrics.set(about, { type: rest, help: help.text, samples: new Map() });
      current = about;
      continue;
    }
    const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"`;
    const sample = new RegExp(
      String.raw`^(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{${label}(?:,${label})*\})?) ([+-]?(?:[0-9.]+(?:e[+-]?[0-9]+)?|Inf)|NaN|Nan)$`,
    );
    const [, key = '', name = '', value = ''] = sample.exec(line) ?? [];
    if (key === '') throw new Error(`this is no sample: ${line}`);
    const metric = metrics.get(current ?? '');
    const suffixes = metric?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    if (metric === undefined || !suffixes.some((suffix) => name === `${current}${suffix}`)) {
      throw new Error(`${name} stands below ${current}`);
    }
    if (metric.samples.has(key)) throw new Error(`${key} is told twice`);
    metric.samples.set(key, Number(value.replace('Inf', 'Infinity')));
  }
  return metrics;
}

/** The samples of one metric, by the values of their labels joined by a space. */
export function figures(metrics: ReadonlyMap<string, Told>, name: string): Record<string, number> {
  const told = metrics.get(name);
  if (told === undefined) throw new Error(`${name} isn't told`);
  return Object.fromEntries(
    [...told.samples].map(([key, value]) => [
      [...key.matchAll(/="([^"]*)"/g)].map(([, label]) => label).join(' '),
      value,
    ]),
  );
}

/** What the figures of a metric have grown by between two scrapes, where they have. */
export function growth(
  before: ReadonlyMap<string, Told>,
  after: ReadonlyMap<string, Told>,
  name: string,
): Record<string, number> {
  const earlier = figures(before, name);
  return Object.fromEntries(
    Object.entries(figures(after, name))
      .map(([labels, value]) => [labels, value - (earlier[labels] ?? 0)] as const)
      .filter(([, value]) => value !== 0),
  );
}
