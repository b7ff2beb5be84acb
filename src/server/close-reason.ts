/** What fits into a control frame beside the code. */
const mostBytes = 123;

/** The reason of a close as far as there is room for it, in whole characters: `ws` throws where there is none. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return text;
  // A stream keeps the beginning of a character for later.
  return new TextDecoder().decode(bytes.subarray(0, mostBytes), { stream: true });
}
