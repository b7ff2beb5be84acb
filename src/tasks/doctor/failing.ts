import type { QueueState } from '../inspect.ts';
import { type Finding, finding } from './finding.ts';
import { failingLeast, failingPart } from './thresholds.ts';

/** Whether most of what became final in the last minute failed. */
export function failingFindings({ finished }: QueueState): Finding[] {
  const { FAILED: failed = 0, SUCCEEDED: succeeded = 0 } = finished;
  if (failed < failingLeast || failed <= failingPart * (failed + succeeded)) return [];
  const found = `${failed} of ${failed + succeeded} tasks failed in the last minute`;
  return [finding('failing', 'warn', found, 'Look at the failures of the newest tasks that FAILED.')];
}
