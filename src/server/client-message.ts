import { type Message, MessageType, parseMessage } from 'graphql-ws';

/** What a client may say; the protocol's other messages are a server's. */
const ofClients: ReadonlySet<MessageType> = new Set([
  MessageType.ConnectionInit,
  MessageType.Ping,
  MessageType.Pong,
  MessageType.Subscribe,
  MessageType.Complete,
]);

/** What a client has sent breaks the protocol: its socket is closed with 4400 and the message. */
export class BadMessageError extends Error {}

/**
 * Reads a message of a client (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md).
 *
 * @throws BadMessageError
 */
export function readMessage(text: string, maxIdBytes: number): Message {
  const message = parsed(text);
  if (!ofClients.has(message.type)) throw new BadMessageError(`Clients don't send ${message.type}`);
  // Those of any other kind may have anything of this name.
  const isOfOperation = message.type === MessageType.Subscribe || message.type === MessageType.Complete;
  if (isOfOperation && isLonger(message.id, maxIdBytes))
    throw new BadMessageError(`Expected an id of at most ${maxIdBytes} bytes`);
  return message;
}

function parsed(text: string): Message {
  try {
    return parseMessage(text);
  } catch {
    throw new BadMessageError('Invalid message received');
  }
}

function isLonger(text: string, bytes: number): boolean {
  // A character takes up to three bytes: most ids need not be looked through.
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}
