import type { ChaosOptions } from './options.ts';
import type { Report } from './run.ts';

/** The figures as a Markdown table: one column for each act. */
export function tableOf(report: Report, options: ChaosOptions): string {
  const heads = options.acts.map(({ fsync }) => `Redis at \`${fsync}\``);
  const [first = []] = report.acts;
  const rows = first.map(({ what }, row) => [
    what,
    ...report.acts.map((figures) => {
      const figure = figures[row];
      const count = (figure?.count ?? 0).toLocaleString('en-US');
      return figure?.mustBeZero === true ? `**${count}**` : count;
    }),
  ]);
  const lines = [['figure', ...heads], ['---', ...heads.map(() => '---:')], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
