import { isFinal, type Task } from '../tasks/task.ts';

/** How far an attempt has come by its children: the mean of theirs, by their weights. */
export class ChildProgress {
  readonly #tell: (fraction: number) => void;
  readonly #children: Map<string, { readonly weight: number; fraction: number }> = new Map();

  constructor(tell: (fraction: number) => void) {
    this.#tell = tell;
  }

  add(id: string, weight: number): void {
    this.#children.set(id, { weight, fraction: 0 });
  }

  /** Takes a child's newest state. */
  hear({ id, status, progress }: Task): void {
    const child = this.#children.get(id);
    if (child === undefined) return;
    child.fraction = isFinal(status) ? 1 : (progress?.fraction ?? 0);
    let [done, whole] = [0, 0];
    for (const { weight, fraction } of this.#children.values()) {
      done += weight * fraction;
      whole += weight;
    }
    if (whole > 0 && done > 0) this.#tell(done / whole);
  }
}
