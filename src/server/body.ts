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
