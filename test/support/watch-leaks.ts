import { ChildProcess } from 'node:child_process';
import fs, { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, expect, inject } from 'vitest';
import { WebSocket } from 'ws';
import { noteCredentials, noteTokensIn } from './credentials-sent.ts';
import type { Leak } from './leaks.ts';
import { leaks } from './secrets.ts';

// Set up before each file of tests: all that this process, and each program that it starts, logs and answers is searched for
// the tokens and passwords that were used in it. The test after which one was found where it may not be fails.

/** What a program writes to, by the stream that is read here. */
const outputs = new WeakMap<object, 'stdout' | 'stderr'>();
const watched = Symbol.for('taskwire.test.leaks.watched');
const shared = globalThis as { [watched]?: true };
if (shared[watched] === undefined) {
  shared[watched] = true;
  watchPrograms();
  watchReplies();
  watchRequests();
  watchOwnOutput();
}
afterEach(failOnLeaks);
afterAll(failOnLeaks);

function failOnLeaks(): void {
  const found = leaks.found.splice(0);
  if (found.length === 0) return;
  const { testPath, currentTestName } = expect.getState();
  const lines = found.map((leak) => `${JSON.stringify({ ...leak, testPath, currentTestName })}\n`);
  appendFileSync(join(inject('leaks'), `${process.pid}.jsonl`), lines.join(''));
  throw new Error(`A secret was seen where it may not be.\n${found.map(describe).join('\n')}`);
}

function describe({ what, kind, where, around }: Leak): string {
  return `${what}, in ${kind === 'log' ? 'the log' : 'an answer'} of ${where}: …${around}…`;
}

/** Which streams are what a program writes. */
function watchPrograms(): void {
  const child = ChildProcess.prototype as unknown as {
    spawn: (this: ChildProcess, options: unknown) => unknown;
  };
  const spawn = child.spawn;
  child.spawn = function (options) {
    const result = spawn.call(this, options);
    if (this.stdout !== null) outputs.set(this.stdout, 'stdout');
    if (this.stderr !== null) outputs.set(this.stderr, 'stderr');
    return result;
  };
}

/** What comes in over connections: replies over HTTP, WebSockets and streams of events after them, and what programs write. */
function watchReplies(): void {
  const isReply = new WeakMap<Socket, boolean>();
  // oxlint-disable-next-line typescript/unbound-method -- called with the socket below
  const push = Socket.prototype.push;
  Socket.prototype.push = function (this: Socket, chunk: unknown, encoding?: BufferEncoding) {
    if (Buffer.isBuffer(chunk) && chunk.length > 0) {
      const output = outputs.get(this);
      if (output !== undefined) {
        const kind = output === 'stdout' ? 'answer' : 'log';
        leaks.see(this, kind, `a program, on ${output}`, chunk.toString('latin1'));
      } else {
        if (!isReply.has(this)) isReply.set(this, chunk.toString('latin1', 0, 7) === 'HTTP/1.');
        if (isReply.get(this) === true) leaks.see(this, 'answer', 'an API', chunk.toString('latin1'));
      }
    }
    return push.call(this, chunk, encoding);
  };
}

/** What goes out: the tokens and passwords that are used. */
function watchRequests(): void {
  const sockets = Socket.prototype as unknown as {
    // Node's own way to the handle, for strings, buffers and several of them alike.
    _writeGeneric?: (this: Socket, isMany: boolean, data: unknown, ...rest: unknown[]) => unknown;
  };
  const write = sockets._writeGeneric;
  if (write === undefined) throw new Error('this Node writes to sockets in another way');
  sockets._writeGeneric = function (isMany, data, ...rest) {
    // Several are a list of what was written one after the other.
    for (const chunk of isMany ? (data as { chunk: unknown }[]).map((one) => one.chunk) : [data])
      noteCredentials(
        Buffer.isBuffer(chunk) ? chunk.toString('latin1', 0, 4_096) : String(chunk).slice(0, 4_096),
      );
    return write.call(this, isMany, data, ...rest);
  };
  // oxlint-disable-next-line typescript/unbound-method -- called with the socket below
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (this: WebSocket, ...args: unknown[]) {
    const [data] = args;
    if (typeof data === 'string' && /^\{[^{]*"type":"(?:connection_init|ping)"/.test(data))
      noteTokensIn(data);
    // The same arguments.
    send.apply(this, args as Parameters<typeof send>);
  };
}

/** What a logger of this process writes to stderr. */
function watchOwnOutput(): void {
  const writeSync = fs.writeSync;
  fs.writeSync = ((fd: number, data: unknown, ...rest: never[]) => {
    if (fd === 2) leaks.see(leaks, 'log', 'this process', String(data));
    return (writeSync as (...args: unknown[]) => number)(fd, data, ...rest);
  }) as typeof fs.writeSync;
}
