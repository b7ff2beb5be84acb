import {
  missedPolicies,
  overlapPolicies,
  type MissedPolicy,
  type OverlapPolicy,
} from '../definition/schedule.ts';

/** What becomes of three slots that have passed: which of them (1 to 3) get a task, and whose task is canceled (0: the earlier one). */
export interface Outcome {
  readonly made: readonly number[];
  readonly canceled: readonly number[];
}

/** A schedule's policies, and what they come to. */
export interface SlotDecision {
  readonly missed: MissedPolicy;
  readonly overlap: OverlapPolicy;
  /** The third slot is at most a minute late. */
  readonly onTime: Outcome;
  /** All three are later. */
  readonly late: Outcome;
  /** The third is on time, and a task of an earlier slot hasn't ended. */
  readonly busy: Outcome;
}

/** The policies, written once: the documents print it, and the tests walk it. */
export const slotDecisions: readonly SlotDecision[] = missedPolicies.flatMap((missed) =>
  overlapPolicies.map((overlap) => ({
    missed,
    overlap,
    onTime: outcome(missed, overlap, { late: false, busy: false }),
    late: outcome(missed, overlap, { late: true, busy: false }),
    busy: outcome(missed, overlap, { late: false, busy: true }),
  })),
);

/** Slots whose turn it is; a task of theirs waits when the next one's turn comes, all in one moment. */
function outcome(
  missed: MissedPolicy,
  overlap: OverlapPolicy,
  { late, busy }: { readonly late: boolean; readonly busy: boolean },
): Outcome {
  const turns = missed === 'RUN_ALL' ? [1, 2, 3] : missed === 'SKIP' && late ? [] : [3];
  const before = busy ? [0] : [];
  if (overlap === 'SKIP') return { made: busy ? [] : turns.slice(0, 1), canceled: [] };
  return { made: turns, canceled: overlap === 'ALLOW' ? [] : [...before, ...turns.slice(0, -1)] };
}
