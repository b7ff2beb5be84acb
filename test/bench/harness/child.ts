/** What a process of the benchmark can be asked: functions by name, which take and give plain data. */
export type Calls = Record<string, (...args: never[]) => unknown>;

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Tells the process that started this one that it is ready, and answers its calls until that one is gone. */
export function serveCalls(about: { readonly port?: number }, calls: Calls = {}): void {
  // With `--expose-gc`: memory is compared without what is garbage by chance.
  const own: Calls = { ...calls, collectGarbage: () => globalThis.gc?.() };
  process.on('message', (message) => {
    // What Program.call sends.
    const { id, name, args } = message as Call;
    void answer(own[name], args).then((said) => process.send?.({ id, ...said }));
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ ready: about });
}

async function answer(
  call: Calls[string] | undefined,
  args: readonly unknown[],
): Promise<{ result?: unknown; error?: string }> {
  try {
    return { result: await call?.(...(args as never[])) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Milliseconds since 1970, finer than Date.now(), the same in all processes of a machine. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
