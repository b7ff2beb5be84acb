import { showCount } from '../quantity.ts';
import type { Finding, Mark } from '../tasks/doctor/finding.ts';

/** All findings for people: a line for each, what to do below it, queue by queue, and a summary. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines: string[] = [];
  let queue: string | undefined;
  for (const finding of findings) {
    if (finding.queue !== queue)
      lines.push('', finding.queue === undefined ? 'all queues' : `queue ${finding.queue}`);
    queue = finding.queue;
    const indent = ' '.repeat(width + 11);
    lines.push(`  ${finding.mark.padEnd(7)}  ${finding.check.padEnd(width)}  ${plain(finding.found)}`);
    if (finding.todo !== undefined) lines.push(`${indent}  → ${plain(finding.todo)}`);
  }
  const count = (mark: Mark): number => findings.filter((finding) => finding.mark === mark).length;
  const [failed, warned, unknown] = [count('FAIL'), count('warn'), count('unknown')];
  lines.push('', `${failed} failed, ${showCount(warned, 'warning')}, ${unknown} unknown, ${count('ok')} ok`);
  return `${lines.join('\n')}\n`;
}

/** Names and messages from the store may hold anything; a terminal would obey some of it. */
function plain(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').trim();
}
