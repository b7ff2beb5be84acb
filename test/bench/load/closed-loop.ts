/** Does `count` pieces of work, `width` at a time; gives how long that took, in ms. */
export async function closedLoop(
  count: number,
  width: number,
  work: (n: number) => Promise<void>,
): Promise<number> {
  const start = performance.now();
  let next = 0;
  const lines = Array.from({ length: width }, async () => {
    while (next < count) {
      next += 1;
      await work(next);
    }
  });
  await Promise.all(lines);
  return performance.now() - start;
}
