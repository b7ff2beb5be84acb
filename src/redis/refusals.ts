import type { Logger } from '../logger.ts';

/** A refusal that goes on is said again after so long. */
const repeatMs = 60_000;

/** What Redis answers while it is there but can't serve, by the first word of the reply. */
const meanings: Readonly<Record<string, string>> = {
  OOM: 'it is full (maxmemory)',
  READONLY: 'it is a replica, not the master',
  MISCONF: 'it cannot write to its disk',
  NOREPLICAS: 'it has fewer replicas than it must have (min-replicas-to-write)',
  MASTERDOWN: 'it is a replica that has lost its master',
  LOADING: 'it is still loading its data',
  BUSY: 'a script has kept it busy for seconds',
  NOPERM: 'its user may not do that (ACL)',
};

/** Logs what Redis refuses: the first time and then once a minute, however many requests it refuses. */
export function refusalLog(logger: Logger, redis: string): (error: Error) => void {
  const said = new Map<string, number>();
  return (error) => {
    const code = /^[A-Z]+/.exec(error.message)?.[0] ?? '';
    const meaning = meanings[code];
    if (meaning === undefined) return;
    const last = said.get(code);
    if (last !== undefined && Date.now() - last < repeatMs) return;
    said.set(code, Date.now());
    logger.warn({ redis, reason: error.message }, `the store refuses what is asked of it: ${meaning}`);
  };
}

/**
 * What a server says by itself: before Redis 7 a refusal that meets a script is wrapped into the script's own
 * error, as in `ERR Error running script (call to f_…): @user_script:4: @user_script: 4: -READONLY You can't …`.
 */
export function plainReply(message: string): string {
  return /^ERR Error running script .* -([A-Z]+ .*)$/s.exec(message)?.[1] ?? message;
}
