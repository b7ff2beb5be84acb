import { showCount } from './quantity.ts';

/** How a check came out. What Redis doesn't tell is `unknown`, which is no failure. */
export type Mark = 'ok' | 'unknown' | 'warn' | 'FAIL';

/** What one check of `taskwire doctor` found, and what to do about it where it isn't well. */
export interface Finding {
  readonly check: string;
  /** Set for what is examined queue by queue. */
  readonly queue?: string;
  readonly mark: Mark;
  readonly found: string;
  readonly todo?: string;
}

/** A finding that says what to do unless it is fine. */
export function finding(check: string, mark: Mark, found: string, todo?: string): Finding {
  return todo === undefined ? { check, mark, found } : { check, mark, found, todo };
}

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
