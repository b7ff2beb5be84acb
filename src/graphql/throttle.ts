import { isoMs } from '../definition/duration-scalar.ts';
import { invalidArgument } from '../errors.ts';
import type { GraphQLResolveInfo } from 'graphql';
import type { WatchOptions } from '../tasks/watchable.ts';
import type { Standing } from '../tasks/standing.ts';
import { selects } from './selection.ts';

/** The longest time between two states that makes sense to someone who watches. */
const longestMs = 60_000;

/** States of one turn that are all told to a client which takes them: they leave in one write. */
const keptStates = 16;

/** What the argument `throttle` says, by which a client chooses how often it is told something. */
export const throttleHelp =
  'The least time between two states, up to 1m: of those that come sooner the newest is told, and the final one at once. ' +
  'None unless given.';

/** How a subscription's states are watched. @throws BadUserInputError */
export function watchOptionsOf(throttle: string | null | undefined): WatchOptions {
  const throttleMs = throttle === undefined || throttle === null ? 0 : isoMs(throttle);
  if (throttleMs === undefined || throttleMs < 0 || throttleMs > longestMs) {
    throw invalidArgument('throttle', `Expected '0s' to '1m'; got ${throttle}.`);
  }
  return { throttleMs, keep: keptStates };
}

/** How a task is watched for a subscription: again as it is where what is asked beside its state has changed. @throws BadUserInputError */
export function taskWatchOptionsOf(
  throttle: string | null | undefined,
  info: GraphQLResolveInfo,
): WatchOptions {
  const selected = besideState.filter(([field]) => selects(info, field));
  return { ...watchOptionsOf(throttle), tellsStanding: selected.map(([, part]) => part) };
}

/** What subscriptions to a task say of these fields. */
export const standingHelp =
  'Where `waitsFor`, `queuePosition` or `estimatedStartAt` is selected, the same state is told again when that has ' +
  'changed, at most once a second.';

/** Fields of a task that aren't part of its state, and what of its standing they tell. */
const besideState: readonly (readonly [field: string, part: keyof Standing])[] = [
  ['waitsFor', 'waits'],
  ['queuePosition', 'position'],
  ['estimatedStartAt', 'startsAt'],
];
