import { readFile } from 'node:fs/promises';
import type { AxeResults } from 'axe-core';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { afterAll, expect, inject, vi } from 'vitest';

const axe = new URL('../../node_modules/axe-core/axe.min.js', import.meta.url);
const program = inject('browser');
let running: Promise<Browser> | undefined;

/**
 * To be called at the top of a test file that drives Chromium: one serves all of its tests, and ends after them. Where the
 * machine has other work, a browser takes its time, and so may the tests.
 */
export function useBrowser(): void {
  vi.setConfig({ testTimeout: 60_000 });
  afterAll(async () => {
    const browser = await running;
    running = undefined;
    await browser?.close();
  });
}

/** Tests that drive Chromium are skipped where there is none: `test.skipIf(noBrowser)`. */
export const noBrowser: boolean = program === undefined;

/** What a page is opened with. */
export interface PageOptions extends Pick<BrowserContextOptions, 'colorScheme' | 'viewport'> {
  /** Signed in by it from the start. */
  readonly token?: string;
  /** Words of errors in the console that the test brings about. */
  readonly expected?: RegExp;
}

/** What a test sees of Chromium. When it is closed, no page may have had an error that the test didn't expect. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];
  /** What pages wrote to their console as an error, or threw. */
  readonly problems: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Chromium itself starts with the first test of a file that needs it (`useBrowser`). */
  static async start(): Promise<TestBrowser> {
    running ??= chromium.launch({
      ...(program === undefined ? {} : { executablePath: program }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-sync',
      ],
    });
    return new TestBrowser(await running);
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
    this.#contexts.push(context);
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
    await Promise.all(this.#contexts.map((context) => context.close()));
    expect(this.problems).toEqual([]);
  }
}

/** Looks at a page in light and in dark, each on a wide screen and on a phone; `look` gets the width of the screen. */
export async function everywhere(page: Page, look: (width: number) => Promise<void>): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of [
      [1440, 900],
      [390, 844],
    ] as const) {
      await page.setViewportSize({ width, height });
      await look(width);
    }
  }
}

/** What axe finds on a page that is serious or worse: which rule, and where. */
export async function seriousBarriers(page: Page): Promise<readonly string[]> {
  // By the debugger, as the page's policy lets in no script but its own; it stays until the page is loaded anew.
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(await readFile(axe, 'utf8'));
  const results = await page.evaluate<AxeResults>("axe.run({ resultTypes: ['violations'] })");
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, html }) => `${id}: ${target.join(' ')} ${html.slice(0, 200)}`),
    );
}
