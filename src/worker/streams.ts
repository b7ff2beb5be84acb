import type { TaskContext, TaskStream } from '../definition/context.ts';
import { mostStreams, streamNamePattern } from '../tasks/journal.ts';

/** A chunk of a stream may have this many bytes. */
export const chunkBytes = 16_384;

/** Writes a chunk that has been checked; resolves when there is room for more. */
export type WriteChunk = (chunk: string) => Promise<void>;

/** The streams of an attempt by their names; `open` is asked once for each. */
export function streamsOf(open: (name: string) => WriteChunk): TaskContext['stream'] {
  const streams = new Map<string, TaskStream>();
  return (name) => {
    const stream = streams.get(name) ?? streamOf(checkedName(name), open(name));
    if (!streams.has(name) && streams.size === mostStreams) throw tooManyStreams(name);
    streams.set(name, stream);
    return stream;
  };
}

/** Why there is no such stream. */
export function tooManyStreams(name: string): TypeError {
  return new TypeError(`stream: a task may have ${mostStreams} streams, and '${name}' is one more`);
}

function streamOf(name: string, write: WriteChunk): TaskStream {
  const checked = async (chunk: string): Promise<void> => {
    checkChunk(name, chunk);
    if (chunk !== '') await write(chunk);
  };
  return {
    write: (chunk) => {
      const written = checked(chunk);
      // A run that doesn't await it must not end its process with an unhandled rejection.
      written.catch(() => undefined);
      return written;
    },
  };
}

function checkedName(name: unknown): string {
  if (typeof name === 'string' && streamNamePattern.test(name)) return name;
  const got = typeof name === 'string' ? `'${name}'` : typeof name;
  throw new TypeError(`stream: the name must match ${streamNamePattern.source}, got ${got}`);
}

function checkChunk(stream: string, chunk: unknown): void {
  // Task files may be JavaScript.
  if (typeof chunk !== 'string') {
    const got = chunk === null ? 'null' : typeof chunk;
    throw new TypeError(
      `stream('${stream}').write: a chunk must be a string, got ${got}; write data as JSON.stringify(data)`,
    );
  }
  // No text has more than three bytes for each of its units.
  if (chunk.length * 3 <= chunkBytes) return;
  const bytes = Buffer.byteLength(chunk);
  if (bytes <= chunkBytes) return;
  throw new TypeError(
    `stream('${stream}').write: a chunk may have ${chunkBytes} bytes, got ${bytes}; write it in pieces`,
  );
}
