import { readdirSync, readFileSync } from 'node:fs';

// What Linux tells of a process in /proc.

/** False where there is no /proc: without it nothing can be measured of other processes. */
export function hasProc(): boolean {
  return read('/proc/self/stat') !== '';
}

/** CPU of a process and of all below it, user and system, in ms. */
export function cpuMs(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, each) => sum + ownCpuMs(each), 0);
}

/** Resident memory of one process, in KB. */
export function residentKb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1]);
}

/** The scheduler's own sum for each thread, in ns: the ticks in `stat` are 10 ms long. */
function ownCpuMs(pid: number): number {
  const threads = list(`/proc/${pid}/task`);
  const ns = threads.map((thread) => Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]));
  const precise = ns.reduce((sum, each) => sum + each, 0) / 1_000_000;
  // Kernels without these statistics say 0, or nothing.
  return precise > 0 ? precise : tickMs(pid);
}

function tickMs(pid: number): number {
  // After the program's name, which may hold anything, in parentheses.
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function childrenOf(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...childrenOf(child)]);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
