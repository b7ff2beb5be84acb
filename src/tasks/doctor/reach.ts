import { type Finding, finding } from './finding.ts';

const check = 'reachable';

export function reachableFinding(): Finding {
  return finding(check, 'ok', 'the store answers');
}

/** Why the store can't be examined, or not any further, in a sentence. */
export function unreachableFinding(error: unknown, wasReachable: boolean): Finding {
  const reason = reasonOf(error);
  const todo = advice.find(([pattern]) => pattern.test(reason))?.[1];
  const found = wasReachable
    ? `the store can't be examined further: ${reason}`
    : `the store doesn't answer: ${reason}`;
  return finding(check, 'FAIL', found, todo);
}

/** What is said of a store that an API can't examine: what may be known of the reason where the store itself told it. */
export function awayFinding(error: unknown): Finding {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && cause.name === 'ReplyError') return unreachableFinding(cause, false);
  const todo = 'Look at the store and the network to it; all goes on by itself once it answers.';
  return finding(check, 'FAIL', "the store doesn't answer", todo);
}

/** By what the error says: ioredis' words for what happens to a connection, and Redis' own. */
const advice: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'Nothing listens there: start it, or check --redis-url.'],
  [/ENOTFOUND|EAI_AGAIN/, 'Nobody knows this host: check --redis-url.'],
  [
    /Command timed out/,
    'It takes connections and is silent: its process may be stopped, swapping, or waiting for a disk.',
  ],
  [/ETIMEDOUT|EHOSTUNREACH/, 'No connection comes about: check --redis-url, and firewalls on the way.'],
  [/^LOADING/, 'It reads its tasks from disk after a start: look again in a while.'],
  [/^BUSY/, 'A script runs and does not end: SCRIPT KILL, or SHUTDOWN NOSAVE where that is refused.'],
  [/^(NOAUTH|WRONGPASS)/, 'Check user and password in --redis-url.'],
  [
    /^NOPERM/,
    "Give the user the right to this command, and to all keys and channels below the prefix (ACL '+@all -@dangerous +info ~tw:* &tw:*').",
  ],
  [/^(MOVED|CLUSTERDOWN|CROSSSLOT|MASTERDOWN)/, 'Give the address of a single master that holds all keys.'],
  [/Connection is closed/, 'It closed the connection: look at its log, and at maxclients.'],
];

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An AggregateError of several refused addresses has no message of its own.
  return error.message !== '' ? error.message : 'code' in error ? String(error.code) : error.name;
}
