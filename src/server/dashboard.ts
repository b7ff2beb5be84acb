import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where its build lies: beside `src`, or `dist`, of the package. */
const directory = fileURLToPath(new URL('../../dist/dashboard', import.meta.url));

/** First parts of the addresses that its pages have. */
const pages = new Set(['tasks', 'enqueue', 'queues', 'workers', 'schedules', 'audit']);

/**
 * The dashboard's files: a page that is a client of the API, and nothing more. They are held in memory, some 900 KB for all
 * servers of a process, so that an update of the package takes none away from a process that still serves the version before.
 */
export class Dashboard {
  readonly #page: Buffer;
  readonly #files: ReadonlyMap<string, Buffer>;
  readonly #tags: Map<Buffer, string> = new Map();

  /** `basePath` is where browsers find the API: `/`, or a path with a slash at both ends. Undefined where it isn't built. */
  static open(basePath: string): Dashboard | undefined {
    try {
      held ??= readFiles();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
    const page = held.get('/index.html');
    return page && new Dashboard(held, page, basePath);
  }

  private constructor(files: ReadonlyMap<string, Buffer>, page: Buffer, basePath: string) {
    this.#files = files;
    this.#page = Buffer.from(String(page).replace('<base href="/" />', `<base href="${basePath}" />`));
  }

  /** Answers where a path is one of a page or of a file; false where it is neither. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    const [root, first = ''] = path.split('/');
    // A whole address, as to a proxy, isn't one of ours.
    if (root !== '') return false;
    if (path === '/' || pages.has(first)) {
      response.writeHead(200, { ...pageHeaders, 'content-length': this.#page.length });
      end(request, response, this.#page);
      return true;
    }
    if (first !== 'assets' && path !== '/icon.svg') return false;
    this.#answerFile(request, response, path);
    return true;
  }

  #answerFile(request: IncomingMessage, response: ServerResponse, path: string): void {
    const type = types[extname(path)];
    const [encoding, content] = this.#chosen(path, request.headers['accept-encoding'] ?? '');
    response.setHeader('x-content-type-options', 'nosniff');
    if (content === undefined || type === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('There is no such file. Reload the page: it is of another version.\n');
      return;
    }
    const etag = this.#tagOf(content);
    response.setHeader('vary', 'accept-encoding');
    response.setHeader('etag', etag);
    // Names of assets change with what is in them.
    const isForGood = path.startsWith('/assets/');
    response.setHeader('cache-control', isForGood ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end();
      return;
    }
    if (encoding !== undefined) response.setHeader('content-encoding', encoding);
    response.writeHead(200, { 'content-type': type, 'content-length': content.length });
    end(request, response, content);
  }

  /** The smallest form of a file that the browser takes. */
  #chosen(
    path: string,
    accepted: string,
  ): readonly [encoding: string | undefined, content: Buffer | undefined] {
    for (const [encoding, suffix] of encodings) {
      const content = accepted.includes(encoding) ? this.#files.get(path + suffix) : undefined;
      if (content !== undefined) return [encoding, content];
    }
    return [undefined, this.#files.get(path)];
  }

  #tagOf(content: Buffer): string {
    const tag =
      this.#tags.get(content) ?? `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
    this.#tags.set(content, tag);
    return tag;
  }
}

let held: ReadonlyMap<string, Buffer> | undefined;

/** By the paths that they have below the dashboard's address. Throws ENOENT where it isn't built. */
function readFiles(): ReadonlyMap<string, Buffer> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
    (name) => extname(name) !== '',
  );
  return new Map(names.map((name) => [`/${name.replaceAll(sep, '/')}`, readFileSync(join(directory, name))]));
}

function end(request: IncomingMessage, response: ServerResponse, content: Buffer): void {
  response.end(request.method === 'HEAD' ? undefined : content);
}

const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-cache',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
