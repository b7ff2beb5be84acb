/** The most items that one call of a script handles; what is left waits for the next call. */
export const itemsPerCall = 100;

/** Outputs up to this many bytes travel inside the state; larger ones are read by those who want them. */
export const inlineOutputBytes = 4_096;

/** The state shows this many of the last attempts. */
export const attemptsShown = 20;

/** How often every clock looks at each queue. */
export const tickMs = 1_000;

/** How long after a grace the clock ends an attempt itself: its worker, if it is well, was first. */
export const sweepAfterMs = 500;

/** The flow of a queue is counted in pieces of so long, and kept for ten minutes. */
export const flowMs = 10_000;
export const keepFlowMs = 600_000;

/** What happened is counted by the minute, and the last hour is kept: five minutes more, as its last look may be late. */
export const minuteMs = 60_000;
export const minutesKept = 60;
export const keepMinuteMs = 65 * 60_000;
