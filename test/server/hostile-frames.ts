import {
  array,
  boolean,
  constant,
  constantFrom,
  jsonValue,
  nat,
  oneof,
  record,
  sample,
  tuple,
  uint8Array,
} from 'fast-check';

/** What a hostile client sends after the upgrade: bytes that may be frames. */
export interface Attack {
  /** Whether it has introduced itself before. */
  readonly saysInit: boolean;
  readonly bytes: Buffer;
  /** Whether it waits for what the server makes of it, or is gone at once. */
  readonly waits: boolean;
}

const watch = 'subscription { tasksUpdated(first: 1) { hasNextPage } }';

/** Messages as clients send them, which are then broken. */
const messages = [
  { type: 'connection_init' },
  { type: 'connection_init', payload: { authorization: 'Bearer x' } },
  { type: 'ping', payload: { at: 1 } },
  { type: 'pong' },
  { id: '1', type: 'subscribe', payload: { query: watch } },
  { id: '2', type: 'subscribe', payload: { query: 'query ($n: Int) { __typename }', variables: { n: 1 } } },
  { id: '3', type: 'subscribe', payload: { query: '{ a: __typename tasks(first: 1) { nodes { id } } }' } },
  { id: '1', type: 'complete' },
  { id: '1', type: 'next', payload: {} },
].map((message) => JSON.stringify(message));

const mutant = oneof(
  constantFrom(...messages),
  // Cut, doubled, or with something else in it.
  tuple(
    constantFrom(...messages),
    nat(200),
    nat(20),
    constantFrom(
      '',
      '"',
      '{',
      '}}',
      '[',
      '\\',
      '\u0000',
      '__proto__',
      '1e999',
      '\\ud800',
      '\ufeff',
      '-0',
      'null',
    ),
  ).map(([text, at, length, other]) => {
    const from = at % text.length;
    return `${text.slice(0, from)}${other}${text.slice(from + length)}`;
  }),
  // Of the right form, with values of any kind.
  record(
    {
      type: oneof(
        constantFrom('connection_init', 'subscribe', 'complete', 'ping', 'pong', 'next', 'constructor'),
        jsonValue(),
      ),
      id: oneof(constantFrom('1', '__proto__', 'constructor', '', 'x'.repeat(300)), jsonValue()),
      payload: oneof(
        jsonValue(),
        record({
          query: oneof(constantFrom(watch, '{ {', '{ __typename }', ''), jsonValue()),
          variables: jsonValue(),
          operationName: jsonValue(),
          extensions: jsonValue(),
        }),
      ),
    },
    { requiredKeys: [] },
  ).map((message) => JSON.stringify(message)),
  nat(15_000).map((depth) => `{"type":"ping","payload":${'{"a":'.repeat(depth)}0${'}'.repeat(depth)}}`),
);

const payload = oneof(
  { weight: 3, arbitrary: mutant.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
);

/** A frame with every bit that it may have, and some that it may not. */
const frame = record({
  payload,
  // Mostly the last frame of a text.
  first: oneof({ weight: 3, arbitrary: constant(0x81) }, { weight: 2, arbitrary: nat(255) }),
  isMasked: oneof({ weight: 9, arbitrary: constant(true) }, { weight: 1, arbitrary: constant(false) }),
  mask: uint8Array({ minLength: 4, maxLength: 4 }),
  // What its length says, where that isn't true.
  length: oneof(
    { weight: 5, arbitrary: constant(null) },
    { weight: 1, arbitrary: constantFrom(0, 1, 125, 126, 65_535, 65_537, 2 ** 31, 2 ** 53, 2 ** 62) },
  ),
}).map(({ payload, first, isMasked, mask, length }) => {
  const bytes = Buffer.from(payload);
  if (isMasked)
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = (bytes[at] ?? 0) ^ (mask[at % 4] ?? 0);
  const header = headerOf(first, isMasked, length ?? bytes.length, length !== null && length > 65_535);
  return Buffer.concat([header, isMasked ? mask : Buffer.of(), bytes]);
});

function headerOf(first: number, isMasked: boolean, length: number, isLong: boolean): Buffer {
  const bit = isMasked ? 0x80 : 0;
  if (length < 126 && !isLong) return Buffer.from([first, bit | length]);
  if (length < 65_536 && !isLong) return Buffer.from([first, bit | 126, length >> 8, length & 255]);
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = bit | 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

/** Attacks of all kinds, the same for the same seed. */
export function attacks(seed: number, count: number): Attack[] {
  const attack = record({
    saysInit: boolean(),
    waits: boolean(),
    frames: array(frame, { minLength: 1, maxLength: 4 }),
    flips: oneof(constant([]), array(tuple(nat(10_000), nat(7)), { maxLength: 4 })),
    cut: oneof({ weight: 2, arbitrary: constant(null) }, { weight: 1, arbitrary: nat(100) }),
  }).map(({ frames, flips, cut, ...rest }) => {
    const bytes = Buffer.concat(frames);
    for (const [at, bit] of flips) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit);
    return { ...rest, bytes: cut === null ? bytes : bytes.subarray(0, Math.max(bytes.length - cut, 1)) };
  });
  return sample(attack, { seed, numRuns: count });
}
