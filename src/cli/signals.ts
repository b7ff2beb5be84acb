const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** `npm start` passes on what its whole group got from the terminal, so the same Ctrl-C may come twice. */
const sameWithinMs = 300;

/**
 * Resolves when the process is asked to stop: Ctrl-C, `kill`, a closed terminal. Who asks a second time doesn't
 * want to wait: `atOnce` runs and the process ends with 128 + the signal's number.
 */
export function untilAsked(atOnce: () => void = () => {}): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let askedAt: number | undefined;
  for (const [signal, number] of Object.entries(numbers)) {
    process.on(signal, () => {
      const now = performance.now();
      askedAt ??= now;
      if (now - askedAt > sameWithinMs) {
        atOnce();
        process.exit(128 + number);
      }
      // Listeners of a signal run with its name.
      resolve(signal as NodeJS.Signals);
    });
  }
  return promise;
}

/**
 * Resolves when npm, having started this process, is gone without passing on why: one that nobody looks after
 * any more shall not keep the port. Never resolves for a process that something else has started.
 */
export function untilNpmIsGone(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (process.env['npm_lifecycle_event'] === undefined) return promise;
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && resolve(), 500).unref();
  return promise;
}

/**
 * A terminal sends Ctrl-C to every process of its group. One that is looked after by another waits for that
 * one's word instead, so that things end in their order.
 */
export function leaveSignalsToParent(): void {
  for (const signal of Object.keys(numbers)) process.on(signal, () => {});
}
