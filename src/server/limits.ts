import { ConfigurationError } from '../errors.ts';

/** How much of a server one client may take by its sockets and streams of events. */
export interface SocketOptions {
  /** The largest message that a client may send. @default 65536 */
  readonly maxMessageBytes?: number;
  /** The longest id of an operation. @default 128 */
  readonly maxIdBytes?: number;
  /** Messages, pings and pongs that a client may send in a second; with more its socket is closed with 4429. @default 100 */
  readonly maxMessagesPerSecond?: number;
  /** Operations that a socket may have under way; another one is answered with an error. @default 50 */
  readonly maxOperations?: number;
  /** Sockets and streams that an address may have; another one is answered with 429. @default 200 */
  readonly maxPerAddress?: number;
  /**
   * Sockets and streams that an owner may have, and as many that watch one task by watch tokens: another socket is closed
   * with 1013, another stream answered with 429.
   *
   * @default 100
   */
  readonly maxPerOwner?: number;
  /** A socket that answers no ping within this time is closed. @default 12000 */
  readonly pingMs?: number;
  /** How long a socket may take to send `connection_init`. @default 3000 */
  readonly initTimeoutMs?: number;
  /** A socket whose client takes nothing for so long is closed with 4410. @default 12000 */
  readonly blockedMs?: number;
  /** How long a client may take to answer a close, before it is cut off. @default 3000 */
  readonly closeMs?: number;
}

/** How much of a server one client may take by its connections. */
export interface ConnectionOptions {
  /** Connections of all clients. @default 20000 */
  readonly max?: number;
  /** Connections of an address; another one is closed at once. @default 1000 */
  readonly maxPerAddress?: number;
  /** Requests that a connection may have under way (HTTP pipelining); with more it is closed. @default 8 */
  readonly maxRequests?: number;
  /** How long a request's headers may take, from the connection's begin on. @default 10000 */
  readonly headersMs?: number;
  /** How long a whole request may take. @default 15000 */
  readonly requestMs?: number;
  /** How long a client may take nothing of an answer, before it is cut off. @default 15000 */
  readonly answerMs?: number;
  /** How long a connection is kept for the next request. @default 65000 */
  readonly idleMs?: number;
}

export const socketDefaults: Required<SocketOptions> = {
  maxMessageBytes: 65_536,
  maxIdBytes: 128,
  maxMessagesPerSecond: 100,
  maxOperations: 50,
  maxPerAddress: 200,
  maxPerOwner: 100,
  pingMs: 12_000,
  initTimeoutMs: 3000,
  blockedMs: 12_000,
  closeMs: 3000,
};

export const connectionDefaults: Required<ConnectionOptions> = {
  max: 20_000,
  maxPerAddress: 1000,
  maxRequests: 8,
  headersMs: 10_000,
  requestMs: 15_000,
  answerMs: 15_000,
  idleMs: 65_000,
};

/** What is given, and the defaults of the rest. @throws ConfigurationError where one isn't a whole number from 1 on */
export function limitsOf<Limits extends { readonly [Name in keyof Limits]: number }>(
  area: string,
  defaults: Limits,
  given: { readonly [Name in keyof Limits]?: number } = {},
): Limits {
  const limits: Record<string, number> = { ...defaults };
  const problems: string[] = [];
  for (const [name, value] of Object.entries<number | undefined>(given)) {
    if (value === undefined || !(name in defaults)) continue;
    // Timers of Node end at this number of ms.
    if (Number.isInteger(value) && value >= 1 && value < 2 ** 31) limits[name] = value;
    else problems.push(`${area}.${name}: expected a whole number from 1 to 2147483647, got ${value}.`);
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  // The same names, as others were passed over.
  return limits as Limits;
}
