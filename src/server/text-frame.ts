/**
 * A text message of a server as one frame of the WebSocket protocol, in one piece: `ws` would hand a header and a text to
 * the socket one by one. The message is the parts joined, which are UTF-8.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2
 */
export function textFrame(...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerLength + length);
  // The last fragment of a text; not masked, as nothing from a server is.
  frame[0] = 0x81;
  if (headerLength === 2) {
    frame[1] = length;
  } else if (headerLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  let at = headerLength;
  for (const part of parts) at += part.copy(frame, at);
  return frame;
}
