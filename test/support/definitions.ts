import { defineTask } from '../../src/index.ts';

/** Doubles a number, at once. */
export const double = defineTask({
  name: 'double',
  description: 'Doubles a number.',
  input: (t) => ({ n: t.int({ required: true, description: 'The number.' }) }),
  output: (t) => ({ n: t.int({ description: 'Twice the number.' }) }),
  run: ({ n }) => ({ n: 2 * n }),
});

/** Runs until its signal fires. */
export const forever = defineTask({
  name: 'forever',
  description: 'Runs until it is stopped.',
  async run(_input, { signal, progress }) {
    await progress({ message: 'started' });
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  },
});

/** A `run` that waits until the test lets it go on. */
export class Gate {
  #open: () => void = () => undefined;
  readonly opened: Promise<void> = new Promise((resolve) => {
    this.#open = resolve;
  });

  open(): void {
    this.#open();
  }
}
