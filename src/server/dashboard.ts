import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import sirv from 'sirv';

/** Where its build lies: beside `src`, or `dist`, of the package. */
const directory = fileURLToPath(new URL('../../dist/dashboard', import.meta.url));

/** First parts of the addresses that its pages have. */
const pages = new Set(['', 'tasks', 'enqueue', 'queues', 'workers', 'schedules', 'audit']);

/** The dashboard's files: a page that is a client of the API, and nothing more. */
export class Dashboard {
  readonly #page: string;
  readonly #files: ReturnType<typeof sirv>;

  /** `basePath` is where browsers find the API: `/`, or a path with a slash at both ends. Undefined where it isn't built. */
  static open(basePath: string): Dashboard | undefined {
    try {
      return new Dashboard(readFileSync(`${directory}/index.html`, 'utf8'), basePath);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  private constructor(page: string, basePath: string) {
    this.#page = page.replace('<base href="/" />', `<base href="${basePath}" />`);
    // Names of assets change with what is in them.
    this.#files = sirv(directory, {
      brotli: true,
      gzip: true,
      etag: true,
      maxAge: 31_536_000,
      immutable: true,
    });
  }

  /** Answers where a path is one of a page or of a file; false where it is neither. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    const [, first = ''] = path.split('/');
    if (pages.has(first)) {
      response.writeHead(200, pageHeaders);
      response.end(request.method === 'HEAD' ? undefined : this.#page);
      return true;
    }
    if (first !== 'assets' && path !== '/icon.svg') return false;
    response.setHeader('x-content-type-options', 'nosniff');
    this.#files(Object.assign(request, { url: path }), response, () => {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('There is no such file. Reload the page: it is of another version.\n');
    });
    return true;
  }
}

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
