import { mergeActivity } from '../activity.ts';
import type { QueueState } from '../inspect.ts';
import { type Finding, finding } from './finding.ts';
import { failingLeast, failingMinutes, failingPart } from './thresholds.ts';

/** Definitions of which most attempts failed lately. */
export function failingFindings({ recent }: QueueState): Finding[] {
  const names = [...new Set(recent.flatMap(({ definitions }) => [...definitions.keys()]))].toSorted();
  return names.flatMap((name) => {
    const { attemptsFailed: failed, finished } = mergeActivity(
      recent.flatMap(({ definitions }) => definitions.get(name) ?? []),
    );
    const ended = failed + (finished.SUCCEEDED ?? 0);
    if (failed < failingLeast || failed <= failingPart * ended) return [];
    const found = `${failed} of ${ended} attempts of ${name} failed in the last ${failingMinutes} minutes`;
    const todo = 'Look at the failures of its newest tasks.';
    return [{ ...finding('failing', 'warn', found, todo), definition: name }];
  });
}
