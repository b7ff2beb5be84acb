import type { Goal, Row } from './harness/figure.ts';

/** One line of the table, and one entry of the JSON. */
export interface Line {
  readonly figure: string;
  readonly unit: string;
  /** Medians of the rounds. */
  readonly taskwire: number;
  readonly peer?: string;
  readonly value?: number;
  /** Taskwire / peer. */
  readonly ratio?: number;
  readonly missing?: string;
  readonly goal?: string;
  readonly met?: boolean;
  /** Of each round. */
  readonly rounds: { readonly taskwire: readonly number[]; readonly peer?: readonly number[] };
}

/** Each quantity beside each of its peers. */
export function linesOf(rows: readonly Row[]): Line[] {
  return rows.flatMap((row) => {
    const { what: figure, unit, values, goal, peers } = row;
    const taskwire = median(values);
    const own = goal === undefined ? {} : { goal: words(goal, unit), met: isMet(taskwire, goal) };
    const alone = { figure, unit, taskwire, rounds: { taskwire: values }, ...own };
    const beside = peers.map(({ name, values: theirs, missing, goal }): Line => {
      const common = { figure, unit, taskwire, peer: name, rounds: { taskwire: values, peer: theirs } };
      const wanted = goal === undefined ? {} : { goal: words(goal, '×') };
      if (theirs.length === 0) return { ...common, ...wanted, missing: missing ?? 'nothing came' };
      const ratio = taskwire / median(theirs);
      const met = goal === undefined ? {} : { met: isMet(ratio, goal) };
      return { ...common, value: median(theirs), ratio, ...wanted, ...met };
    });
    return peers.length === 0 || goal !== undefined ? [alone, ...beside] : beside;
  });
}

/** The lines as one table, in Markdown. */
export function tableOf(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    line.figure,
    withUnit(line.taskwire, line.unit),
    line.peer ?? '',
    line.value === undefined
      ? (line.missing && `not measured: ${line.missing}`) || ''
      : withUnit(line.value, line.unit),
    line.ratio === undefined ? '' : `${line.ratio.toFixed(2)}×`,
    line.goal ?? '',
    line.met === undefined ? '' : line.met ? 'met' : 'not met',
  ]);
  const table = [
    ['figure', 'Taskwire', 'beside', 'which has', 'ratio', 'goal', ''],
    ['---', '---:', '---', '---:', '---:', '---:', '---'],
    ...rows,
  ];
  return table.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function isMet(value: number, goal: Goal): boolean {
  return 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
}

function words(goal: Goal, unit: string): string {
  const [sign, value] = 'atMost' in goal ? ['≤', goal.atMost] : ['≥', goal.atLeast];
  return `${sign} ${Number(value.toFixed(2))}${unit === '×' ? unit : ` ${unit}`}`;
}

/** The middle one; of an even number the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/** The value that a part of all is not above. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

function withUnit(value: number, unit: string): string {
  return `${format(value)} ${unit}`.trim();
}

function format(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
