import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A request that asks for a WebSocket. */
export const upgrade =
  'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n' +
  'sec-websocket-protocol: graphql-transport-ws\r\n\r\n';

/** A POST of an operation, by hand. */
export function post(body: string, headers: Record<string, string> = {}): string {
  const all = {
    host: 'localhost',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

/** A frame of a client: masked, by a mask that changes nothing. */
export function frame(payload: string | Buffer, firstByte = 0x81): Buffer {
  const bytes = Buffer.from(payload);
  const { length } = bytes;
  const header =
    length < 126
      ? Buffer.from([firstByte, 0x80 | length])
      : length < 65_536
        ? Buffer.from([firstByte, 0xfe, length >> 8, length & 255])
        : Buffer.from([firstByte, 0xff, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255]);
  return Buffer.concat([header, Buffer.alloc(4), bytes]);
}

/** A client below HTTP and WebSocket, which may break any rule of theirs. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>;
  #received: Buffer[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    socket.on('close', closed.resolve);
    // Whatever is sent to one that is closed already.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#received.push(chunk));
  }

  static async open(origin: string): Promise<RawClient> {
    const client = new RawClient(connect(Number(new URL(origin).port), '127.0.0.1'));
    await once(client.socket, 'connect');
    return client;
  }

  /** One with an open WebSocket. */
  static async openSocket(origin: string): Promise<RawClient> {
    const client = await RawClient.open(origin);
    client.send(upgrade);
    await client.hears('\r\n\r\n');
    return client;
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** What came, as text. */
  get text(): string {
    return Buffer.concat(this.#received).toString('latin1');
  }

  /** Waits until this has come; throws where the connection is closed before. */
  async hears(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      if (this.socket.closed) throw new Error(`closed before it heard '${text}': ${this.text}`);
      await Promise.race([once(this.socket, 'data'), this.closed]);
    }
  }

  /** The code of the close frame that the last bytes are; undefined where they are none. */
  get closeCode(): number | undefined {
    const bytes = Buffer.concat(this.#received);
    for (let at = bytes.length - 4; at >= 0; at -= 1) {
      if (bytes[at] === 0x88 && (bytes[at + 1] ?? 0) === bytes.length - at - 2)
        return bytes.readUInt16BE(at + 2);
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
