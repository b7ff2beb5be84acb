import { IncomingMessage, type ServerResponse } from 'node:http';

/** A request that counts the bytes of its body as they come, whatever its headers say. */
export class CountedRequest extends IncomingMessage {
  #received = 0;
  #limit = Infinity;
  #onTooLarge = () => {};

  /** Calls back, once, as soon as the body is larger than `bytes`; whoever reads it then never comes to its end. */
  limit(bytes: number, onTooLarge: () => void): void {
    this.#limit = bytes;
    this.#onTooLarge = onTooLarge;
  }

  /** Node's HTTP parser hands each chunk of the body to this method, and null at its end. */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const wasTooLarge = this.#received > this.#limit;
    this.#received += chunk?.length ?? 0;
    if (this.#received <= this.#limit) return super.push(chunk, encoding);
    if (!wasTooLarge) this.#onTooLarge();
    // Dropped, the end too: what came before may look like a whole operation, which must not run.
    return true;
  }
}

/** The bytes of a body as they come, joined: a client may send each of a million by itself, which would take memory each. */
export class Body {
  #only: Buffer | undefined;
  #joined: Buffer | undefined;
  #length = 0;

  add(chunk: Buffer): void {
    // Nearly every body comes in one piece.
    if (this.#only === undefined) {
      this.#only = chunk;
      this.#length = chunk.length;
      return;
    }
    this.#joined = withRoom(this.#joined ?? this.#only, this.#length, chunk.length);
    this.#length += chunk.copy(this.#joined, this.#length);
  }

  toString(): string {
    return (this.#joined ?? this.#only)?.toString('utf8', 0, this.#length) ?? '';
  }
}

/** The same bytes where there is room for more, of which there is twice as much each time. */
function withRoom(bytes: Buffer, length: number, more: number): Buffer {
  if (length + more <= bytes.length) return bytes;
  const larger = Buffer.allocUnsafe((length + more) * 2);
  bytes.copy(larger, 0, 0, length);
  return larger;
}

/** Answers 415 to a body that isn't plain UTF-8, before it is read: a small one may become as large as one likes. */
export function takesEncoding({ headers }: IncomingMessage, response: ServerResponse): boolean {
  if (headers['content-encoding'] === undefined && headers['content-type'] === 'application/json')
    return true;
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (encoding === 'identity' && /^utf-?8$/i.test(charset)) return true;
  const message = 'Send the body as it is, in UTF-8: without `content-encoding`, and with no other charset.';
  response.writeHead(415, {
    'content-type': 'application/json; charset=utf-8',
    // RFC 9110: with 415 it says what could have been sent.
    'accept-encoding': 'identity',
  });
  response.end(JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] }));
  return false;
}

/** Answers 413 to a body above the limit, before it is read where its length is announced. False: don't go on. */
export function limitBody(request: CountedRequest, response: ServerResponse, bytes: number): boolean {
  const refuse = () => {
    if (response.headersSent) return;
    // The connection stays open and the rest is dropped: closed now, the client might never read the answer.
    const message = `The body is larger than ${bytes} bytes.`;
    response.writeHead(413, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify({ errors: [{ message, extensions: { code: 'BODY_TOO_LARGE' } }] }));
  };
  if (Number(request.headers['content-length'] ?? 0) > bytes) {
    refuse();
    return false;
  }
  request.limit(bytes, refuse);
  return true;
}
