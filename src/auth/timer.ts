/** What setTimeout can wait at most; more is no wait at all for it. */
const longestMs = 2 ** 31 - 1;

/** Calls back at a time (ms since 1970), however far away, until what it returns is called. Keeps no process up. */
export function atTime(time: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const left = time - Date.now();
    timer = setTimeout(left > longestMs ? wait : callback, Math.min(Math.max(0, left), longestMs)).unref();
  };
  wait();
  return () => clearTimeout(timer);
}
