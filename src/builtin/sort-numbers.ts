const runLength = 16_384;

/**
 * Sorts numbers in ascending order and lets `pause` take a turn after every few thousand: a million at once
 * would hold up the process for a third of a second.
 */
export async function sortNumbers(
  numbers: readonly number[],
  pause: () => Promise<void>,
): Promise<Float64Array> {
  let sorted = Float64Array.from(numbers);
  for (let start = 0; start < sorted.length; start += runLength) {
    sorted.subarray(start, start + runLength).sort();
    await pause();
  }
  // Merges neighbours until one run is left.
  let spare = new Float64Array(sorted.length);
  for (let length = runLength; length < sorted.length; length *= 2) {
    for (let start = 0; start < sorted.length; start += 2 * length) {
      await merge(sorted, spare, start, length, pause);
    }
    [sorted, spare] = [spare, sorted];
  }
  return sorted;
}

async function merge(
  from: Float64Array,
  to: Float64Array,
  start: number,
  length: number,
  pause: () => Promise<void>,
): Promise<void> {
  const middle = Math.min(start + length, from.length);
  const end = Math.min(start + 2 * length, from.length);
  let left = start;
  let right = middle;
  for (let at = start; at < end; at += 1) {
    // Past the end of a run, its next number counts as the largest.
    const leftNumber = left < middle ? (from[left] ?? Infinity) : Infinity;
    const rightNumber = right < end ? (from[right] ?? Infinity) : Infinity;
    if (left < middle && (right >= end || leftNumber <= rightNumber)) {
      to[at] = leftNumber;
      left += 1;
    } else {
      to[at] = rightNumber;
      right += 1;
    }
    if (at % runLength === 0) await pause();
  }
}
