import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import type { Redis } from 'ioredis';

/** Writes all keys to a file, which takes the place of the one at `path` when it is whole and on the disk. */
export async function writeSnapshot(redis: Redis, path: string): Promise<void> {
  const draft = `${path}.tmp`;
  try {
    await pipeline(encode(readPages(redis)), createWriteStream(draft, { flush: true }));
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Restores what `writeSnapshot` wrote. Throws when the file can't be read or is damaged: some keys are there then. */
export async function restoreSnapshot(redis: Redis, path: string): Promise<void> {
  for await (const { database, keys } of decode(createReadStream(path, { highWaterMark: 1024 * 1024 }))) {
    await redis.select(database);
    await redis.call('EVAL', restorePage, 0, keys);
  }
}

/** Some keys of a database, as `dumpPage` packs them. */
interface Page {
  readonly database: number;
  readonly keys: Buffer;
}

/**
 * KEYS: those to dump; none to scan for some first. ARGV: SCAN's cursor.
 * Returns the next cursor, the keys packed as a list of [name, time of expiry in ms or -1, DUMP], and the names of
 * those that are left for another call, as one value may be many megabytes.
 */
const dumpPage = `
  local cursor, names = ARGV[1], KEYS
  if #names == 0 then
    cursor, names = unpack(redis.call('SCAN', cursor, 'COUNT', 500))
  end
  local keys, left, bytes = {}, {}, 0
  for _, name in ipairs(names) do
    if bytes > 4 * 1024 * 1024 then
      table.insert(left, name)
    else
      local value = redis.call('DUMP', name)
      -- What was left by the call before may have expired since.
      if value then
        table.insert(keys, { name, redis.call('PEXPIRETIME', name), value })
        bytes = bytes + #value
      end
    end
  end
  return { cursor, cmsgpack.pack(keys), left }`;

/** ARGV: keys that dumpPage packed. What expired since is dropped. */
const restorePage = `
  for _, key in ipairs(cmsgpack.unpack(ARGV[1])) do
    redis.call('RESTORE', key[1], math.max(key[2], 0), key[3], 'REPLACE', 'ABSTTL')
  end`;

async function* readPages(redis: Redis): AsyncGenerator<Page> {
  const keyspace = await redis.info('keyspace');
  for (const database of keyspace.matchAll(/^db(\d+):/gm).map((match) => Number(match[1]))) {
    await redis.select(database);
    let cursor = Buffer.from('0');
    let left: Buffer[] = [];
    do {
      const reply = await redis.callBuffer('EVAL', dumpPage, left.length, ...left, cursor);
      const page = reply as [Buffer<ArrayBuffer>, Buffer, Buffer[]]; // What dumpPage says.
      [cursor, , left] = page;
      yield { database, keys: page[1] };
    } while (left.length > 0 || cursor.toString() !== '0');
  }
}

/**
 * The file: a first line; each page as the number of its database, its length and its bytes; at the end `endMark` and
 * the CRC-32 of all before it. Numbers are 32 bit, little endian.
 */
const firstLine = Buffer.from('taskwire store 1\n');
const endMark = 0xffff_ffff;

async function* encode(pages: AsyncIterable<Page>): AsyncGenerator<Buffer> {
  let checksum = crc32(firstLine);
  yield firstLine;
  for await (const { database, keys } of pages) {
    for (const bytes of [pair(database, keys.length), keys]) {
      checksum = crc32(bytes, checksum);
      yield bytes;
    }
  }
  yield pair(endMark, checksum);
}

function pair(first: number, second: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(first, 0);
  bytes.writeUInt32LE(second, 4);
  return bytes;
}

async function* decode(chunks: AsyncIterable<Buffer>): AsyncGenerator<Page> {
  const take = reader(chunks);
  const start = await take(firstLine.length);
  if (!start.equals(firstLine)) throw new Error('it is not a snapshot of this version');
  let checksum = crc32(start);
  while (true) {
    const head = await take(8);
    const [database, length] = [head.readUInt32LE(0), head.readUInt32LE(4)];
    if (database === endMark) {
      if (length !== checksum) throw new Error('its checksum is wrong');
      return;
    }
    const keys = await take(length);
    checksum = crc32(keys, crc32(head, checksum));
    yield { database, keys };
  }
}

/** Hands out the chunks' bytes in the portions that are asked for. */
function reader(chunks: AsyncIterable<Buffer>): (length: number) => Promise<Buffer> {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  return async (length) => {
    const parts = [rest];
    for (let size = rest.length; size < length;) {
      const { done, value } = await iterator.next();
      if (done) throw new Error('it ends too early');
      parts.push(value);
      size += value.length;
    }
    const bytes = parts.length === 1 ? rest : Buffer.concat(parts);
    rest = bytes.subarray(length);
    return bytes.subarray(0, length);
  };
}
