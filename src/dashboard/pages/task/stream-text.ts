/** What comes of a stream at once. */
export interface StreamBatch {
  readonly attempt: number | null;
  readonly text: string;
  readonly dropped: number;
  readonly lastIndex: number;
}

/** A piece of text that is shown as one element: whole lines, but for the last one. */
export interface Block {
  readonly key: number;
  readonly text: string;
}

/** What a stream's last attempt has written so far: its end, where it is long. */
export interface StreamText {
  readonly attempt: number | undefined;
  readonly blocks: readonly Block[];
  /** Characters that it had in all, also those that are no longer here. */
  readonly length: number;
  /** Characters at the beginning that are no longer here. */
  readonly cut: number;
  /** Chunks that nobody can read any more. */
  readonly dropped: number;
  /** What to go on after. */
  readonly lastIndex: number;
}

export const emptyStream: StreamText = {
  attempt: undefined,
  blocks: [],
  length: 0,
  cut: 0,
  dropped: 0,
  lastIndex: -1,
};

const blockLength = 8192;

/** Adds a batch. Another attempt begins anew, one that comes again adds nothing, and beyond `most` characters the oldest go. */
export function withBatch(stream: StreamText, batch: StreamBatch, most = 400_000): StreamText {
  const { attempt, text, dropped, lastIndex } = batch;
  if (lastIndex <= stream.lastIndex) return stream;
  const isSame = attempt === null || attempt === stream.attempt;
  const before = isSame ? stream : { ...emptyStream, attempt };
  const { blocks, cut } = bounded(appended(before.blocks, text), most);
  return {
    attempt: before.attempt,
    blocks,
    length: before.length + text.length,
    cut: before.cut + cut,
    dropped: before.dropped + dropped,
    lastIndex,
  };
}

/** Only the last block changes; when it is long enough, what follows its last whole line begins another. */
function appended(blocks: readonly Block[], text: string): Block[] {
  const last = blocks.at(-1) ?? { key: 0, text: '' };
  const whole = last.text + text;
  const end = whole.length < blockLength ? -1 : whole.lastIndexOf('\n');
  const pieces = end === -1 ? [whole] : [whole.slice(0, end + 1), whole.slice(end + 1)];
  return [...blocks.slice(0, -1), ...pieces.map((text, index) => ({ key: last.key + index, text }))];
}

function bounded(blocks: readonly Block[], most: number): { blocks: readonly Block[]; cut: number } {
  let over = blocks.reduce((length, { text }) => length + text.length, 0) - most;
  if (over <= 0) return { blocks, cut: 0 };
  let cut = 0;
  let from = 0;
  // A block that goes in part is cut behind a line where it has one, so that none is shown in part.
  for (const { text } of blocks) {
    if (over < text.length) break;
    over -= text.length;
    cut += text.length;
    from += 1;
  }
  const [first, ...rest] = blocks.slice(from);
  if (first === undefined || over <= 0) return { blocks: blocks.slice(from), cut };
  const line = first.text.indexOf('\n', over - 1);
  const at = line === -1 ? over : line + 1;
  return { blocks: [{ key: first.key, text: first.text.slice(at) }, ...rest], cut: cut + at };
}
