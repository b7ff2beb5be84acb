/** Younger than this, a task that nobody takes may just wait for a worker that is being replaced. In ms, as all times here. */
export const patienceMs = 30_000;

/** The clocks wake idle slots once a second, so that nothing waits so long beside one. */
export const wokenMs = 10_000;

/** A lost worker's tasks are taken back by then, where anybody looks after its queue. */
export const unsweptMs = 60_000;

/** Finished tasks are removed by then. */
export const overdueRemovalMs = 1_200_000;

/** Waiting so long behind busy slots, or at a limit, is worth a word. */
export const busyMs = 600_000;

/** From which part of a bound on it is near: of memory, connections, and what a queue may hold. */
export const nearPart = 0.8;

/** The minutes, the current one included, in which attempts are judged. */
export const failingMinutes = 10;

/** More than this part of them failed, and at least so many. */
export const [failingPart, failingLeast] = [0.5, 5];

/** A round trip that takes longer slows every task down. */
export const slowPingMs = 50;

/** From when on clocks that disagree are told, and are a failure. */
export const [skewWarnMs, skewFailMs] = [1_000, 30_000];
