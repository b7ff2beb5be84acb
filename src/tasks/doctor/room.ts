import type { QueueState } from '../inspect.ts';
import { type Finding, finding } from './finding.ts';
import { nearPart } from './thresholds.ts';

/** Whether a queue that may hold only so many waiting tasks takes more of them. */
export function roomFindings({ tasks, rules: { maxWaiting } }: QueueState): Finding[] {
  const check = 'room';
  if (maxWaiting === undefined) return [];
  const waiting = tasks.QUEUED + tasks.SCHEDULED;
  const found = `${waiting} of ${maxWaiting} tasks wait`;
  const todo = 'Start more workers, or raise maxWaiting.';
  if (waiting >= maxWaiting)
    return [finding(check, 'FAIL', `${found}: new ones are refused with QUEUE_FULL`, todo)];
  if (waiting > nearPart * maxWaiting) return [finding(check, 'warn', found, todo)];
  return [finding(check, 'ok', found)];
}
