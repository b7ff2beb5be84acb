import { readFile } from 'node:fs/promises';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect, inject } from 'vitest';

const program = inject('browser');

/** For `vi.setConfig` of a test file, in ms: where the machine has other work, a browser takes its time to start. */
export const browserTimeout = { testTimeout: 60_000 };

/** Tests that drive Chromium are skipped where there is none: `test.skipIf(noBrowser)`. */
export const noBrowser: boolean = program === undefined;

/** What a page is opened with. */
export interface PageOptions extends Pick<BrowserContextOptions, 'colorScheme' | 'viewport'> {
  /** Signed in by it from the start. */
  readonly token?: string;
  /** Words of errors in the console that the test brings about. */
  readonly expected?: RegExp;
}

/** A Chromium of its own. When it is closed, no page may have had an error that the test didn't expect. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  /** What pages wrote to their console as an error, or threw. */
  readonly problems: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(): Promise<TestBrowser> {
    const browser = await chromium.launch({
      ...(program === undefined ? {} : { executablePath: program }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-sync',
      ],
    });
    return new TestBrowser(browser);
  }

  /** Opens an address in a window of its own, which shares nothing with others. */
  async open(url: string, options: PageOptions = {}): Promise<Page> {
    const {
      token,
      expected = /^$/,
      viewport = { width: 1440, height: 900 },
      colorScheme = 'light',
    } = options;
    const context = await this.#browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const note = (problem: string): void => {
      if (!expected.test(problem)) this.problems.push(problem);
    };
    page.on('pageerror', (error) => note(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') note(`${message.text()} ${message.location().url}`);
    });
    if (token !== undefined) {
      await page.addInitScript((token) => sessionStorage.setItem('taskwire:token', token), token);
    }
    await page.goto(url);
    return page;
  }

  /** Closes all pages; one that had an error fails the test. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    expect(this.problems).toEqual([]);
  }
}

/** What axe finds on a page that is serious or worse: which rule, and where. */
export async function seriousBarriers(page: Page): Promise<readonly string[]> {
  const source = await readFile(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
  // By the debugger, as the page's policy lets in no script but its own.
  await page.evaluate(source);
  const results = await page.evaluate<AxeResults>('axe.run()');
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, html }) => `${id}: ${target.join(' ')} ${html.slice(0, 200)}`),
    );
}
