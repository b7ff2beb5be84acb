import type { Store } from '../store.ts';
import { showTime } from '../../quantity.ts';
import { type Finding, finding } from './finding.ts';

/** What a crash left behind in a queue, looked for as long as `withinMs` allows. */
export async function orphansFinding(store: Store, queue: string, withinMs: number): Promise<Finding> {
  const search = store.orphans(queue);
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), withinMs);
  try {
    const found = await Promise.race([search, late.promise]);
    return { ...describe(found, withinMs), queue };
  } finally {
    clearTimeout(timer);
    // It ends with its connection.
    search.catch(() => undefined);
  }
}

function describe(found: Readonly<Record<string, number>> | undefined, withinMs: number): Finding {
  const check = 'orphans';
  if (found === undefined) {
    const many = `the search wasn't through after ${showTime(Math.max(0, withinMs))}`;
    return finding(check, 'unknown', many);
  }
  const kinds = Object.entries(found).filter(([, count]) => count > 0);
  if (kinds.length === 0) return finding(check, 'ok', 'nothing was left behind by a crash');
  return finding(
    check,
    'FAIL',
    kinds.map(([kind, count]) => `${count} ${wordsOf(kind)}`).join(', '),
    'Running workers and servers mend it, within 30 s or so: make sure that one runs, and look again.',
  );
}

/** 'runsWithoutWorker' → 'runs without worker'. */
function wordsOf(kind: string): string {
  return kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
