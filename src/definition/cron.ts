import { Cron } from 'croner';

/** The longest expression: real ones are far shorter, and each costs the time to read it. */
const longestExpression = 200;

/** How many parsed expressions a process keeps: 80 KB each, and little work to make again. */
const mostKept = 20;

const kept = new Map<string, Cron>();

/**
 * A cron expression in a time zone, of five fields, or six with seconds in front.
 *
 * Fixed times (no `*`, `?` or step in hours, minutes and seconds) are made once a day also where clocks change: in the
 * gap at the first moment after it, in the hour that comes twice at the first time. Others follow the clock on the
 * wall: what is in the gap isn't there, what comes twice is there twice.
 *
 * @throws Error that says what is wrong with the expression
 */
export function parseCron(expression: string, timeZone: string): Cron {
  const key = `${timeZone} ${expression}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const cron = parse(expression, timeZone);
  const [oldest] = kept.keys();
  if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest);
  kept.set(key, cron);
  return cron;
}

/** True for what `Intl` knows as a time zone, whose names croner takes. */
export function isTimeZone(name: unknown): name is string {
  // Another type would be taken for its text, and undefined for the zone of this process.
  if (typeof name !== 'string') return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format(0);
    return true;
  } catch {
    return false;
  }
}

function parse(expression: string, timeZone: string): Cron {
  // With a colon croner would take it for a date.
  if (expression.length > longestExpression || expression.includes(':')) {
    throw new Error(`expected five or six fields in at most ${longestExpression} characters`);
  }
  try {
    return new Cron(expression, {
      timezone: timeZone,
      mode: '5-or-6-parts',
      // As cron on Unix has it: `30 2,14 * * *` is two fixed times, too.
      fixedTimeRule: 'no-wildcard',
      paused: true,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(message.replace(/^CronPattern: /, '').replace(/\.$/, ''), { cause: error });
  }
}
