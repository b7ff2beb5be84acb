/** Whatever is measured, by the name of the quantity. */
export type Measured = Readonly<Record<string, number>>;

/** One that takes part: Taskwire or a peer. */
export interface Contestant {
  readonly name: string;
  /** Why it can't take part. */
  readonly missing?: string | undefined;
  /** Starts what it needs, and gives what measures it once. */
  readonly start: () => Promise<() => Promise<Measured>>;
}

/** What one of them measured, one entry a round, or why nothing. */
export interface Result {
  readonly rounds: readonly Measured[];
  readonly missing?: string;
}

/**
 * Lets all take turns, so that what slows the machine down slows all of them: each round begins with another one.
 * A peer that fails is left out, with the reason; Taskwire, the first, must not fail.
 */
export async function alternate(
  rounds: number,
  contestants: readonly Contestant[],
): Promise<Map<string, Result>> {
  const results = new Map<string, { rounds: Measured[]; missing?: string }>();
  const running: { name: string; measure: () => Promise<Measured> }[] = [];
  const [first] = contestants;
  const fail = (name: string, error: unknown): void => {
    if (name === first?.name) throw error;
    const message = error instanceof Error ? error.message : String(error);
    results.set(name, { rounds: [], missing: message.split('\n')[0] ?? message });
  };
  for (const { name, missing, start } of contestants) {
    results.set(name, { rounds: [], ...(missing === undefined ? {} : { missing }) });
    if (missing !== undefined) continue;
    try {
      running.push({ name, measure: await start() });
    } catch (error) {
      fail(name, error);
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    const from = round % Math.max(1, running.length);
    for (const { name, measure } of [...running.slice(from), ...running.slice(0, from)]) {
      const result = results.get(name);
      if (result === undefined || result.missing !== undefined) continue;
      try {
        result.rounds.push(await measure());
      } catch (error) {
        fail(name, error);
      }
    }
  }
  return results;
}

/** The values of one quantity, for a row. */
export function valuesOf(result: Result | undefined, quantity: string): number[] {
  return (result?.rounds ?? []).flatMap((measured) => measured[quantity] ?? []);
}
