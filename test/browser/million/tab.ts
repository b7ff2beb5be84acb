import type { Browser, CDPSession, Page } from 'playwright-core';

/** What a user looks at: a window whose list has room for some fifty rows. */
const viewport = { width: 1440, height: 2150 };

/** Whatever takes longer is told as a failure. */
const timeout = 120_000;

/** How long rows took. */
export interface Shown {
  /** Until there was a row, or the page said that there is none. */
  readonly firstMs: number;
  /** Until no row on the screen was about to come any more. */
  readonly allMs: number;
}

/** Tasks that stand on the screen, from its top. */
export interface OnScreen {
  readonly ids: readonly string[];
  /** The place of the first one in the list, counted from 0. */
  readonly place: number;
}

/** The page of tasks in a tab that shares nothing with others. */
export class Tab implements AsyncDisposable {
  readonly page: Page;
  readonly #session: CDPSession;

  private constructor(page: Page, session: CDPSession) {
    this.page = page;
    this.#session = session;
    page.setDefaultTimeout(timeout);
  }

  /** Opens the page for a token; tells how long that took. What it writes to its console as an error, or throws, is a problem. */
  static async open(
    browser: Browser,
    url: string,
    token: string,
    problems: string[],
  ): Promise<{ readonly tab: Tab; readonly shown: Shown }> {
    const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const tab = new Tab(page, await context.newCDPSession(page));
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.addInitScript((token) => sessionStorage.setItem('taskwire:token', token), token);
    const shown = await tab.#shown(async () => void (await page.goto(url, { waitUntil: 'commit' })));
    return { tab, shown };
  }

  /** Filters by a time of the menu `Created`, or by the words of the search, in place of what was filtered by before. */
  async filter(words: string): Promise<Shown> {
    await this.clear();
    if (words.startsWith('Last ')) {
      await this.page.getByRole('button', { name: 'Created' }).first().click();
      return await this.#shown(async () => await this.page.getByText(words, { exact: true }).click());
    }
    await this.page.getByRole('searchbox').fill(words);
    return await this.#shown(async () => await this.page.keyboard.press('Enter'));
  }

  /** Takes all filters away. */
  async clear(): Promise<void> {
    const button = this.page.getByRole('button', { name: 'Clear all', exact: true });
    if ((await button.count()) === 0) return;
    await this.#shown(async () => await button.click());
  }

  /** Drags the scroll bar to a share of the list: 1 is its end. */
  async jump(share: number): Promise<Shown> {
    return await this.#shown(
      async () =>
        await this.page.evaluate(
          `{ const grid = document.querySelector('[role=grid]');
             grid.scrollTop = ${share} * (grid.scrollHeight - grid.clientHeight); }`,
        ),
    );
  }

  /** Asks for what could be done to all that match; tells how long the count took, and how it is asked. */
  async dryRun(
    verb: 'Cancel' | 'Retry' | 'Replay',
  ): Promise<{ readonly ms: number; readonly asked: string }> {
    const { page } = this;
    await page.getByRole('button', { name: /^All (?:that match|tasks)$/ }).click();
    const startedAt = performance.now();
    await page.getByRole('button', { name: new RegExp(`^${verb} all`) }).click();
    await this.#until(
      `/\\d|None|not reachable/.test(document.querySelector('dialog[open]')?.innerText ?? '')`,
    );
    const ms = performance.now() - startedAt;
    const asked = (await page.locator('dialog h2').innerText()).trim();
    const isAnswered = (await page.locator('dialog').getByText('not reachable').count()) === 0;
    await page.locator('dialog footer').getByRole('button', { name: 'Keep them' }).click();
    // Where the store was too slow to count in time, the page says so, and one asks again.
    if (!isAnswered) return await this.dryRun(verb);
    return { ms, asked };
  }

  /** How many there are, in the page's words. */
  async total(): Promise<string> {
    return await this.page.evaluate<string>(`(${totalText})()`);
  }

  /** Rows in the document, with those about to come. */
  async rows(): Promise<number> {
    return await this.page.locator('[role=rowgroup] + [role=rowgroup] [role=row]').count();
  }

  async onScreen(): Promise<OnScreen> {
    return await this.page.evaluate<OnScreen>(
      `{ const rows = (${visibleRows})();
         ({ ids: rows.map((row) => row.id.slice('row-'.length)), place: Number(rows[0]?.ariaRowIndex) - 2 }) }`,
    );
  }

  /** What scripts of the tab hold, without garbage. */
  async heapBytes(): Promise<number> {
    // What the first one finalizes, the second one frees.
    await this.#session.send('HeapProfiler.collectGarbage');
    await this.#session.send('HeapProfiler.collectGarbage');
    return (await this.#session.send('Runtime.getHeapUsage')).usedSize;
  }

  /** Resolves once a task is on the screen. */
  async sees(id: string): Promise<void> {
    await this.page.locator(`[id="row-${id}"]`).waitFor();
  }

  /** Resolves once a text stands on the page. */
  async says(text: RegExp): Promise<void> {
    await this.page.getByText(text).waitFor();
  }

  async #shown(act: () => Promise<unknown>): Promise<Shown> {
    const startedAt = performance.now();
    await act();
    await this.#until(`(${visibleRows})().some(({ id }) => id !== '') || (${isEmpty})()`);
    const firstMs = performance.now() - startedAt;
    await this.#until(
      `(${isEmpty})() || ((rows) => rows.length > 0 && rows.every(({ id }) => id !== ''))((${visibleRows})())`,
    );
    return { firstMs, allMs: performance.now() - startedAt };
  }

  /** Resolves in the frame in which a condition holds. By the debugger, as the page's policy lets in no script but its own. */
  async #until(condition: string): Promise<void> {
    await this.page.evaluate(
      `new Promise((resolve, reject) => {
         const latest = performance.now() + ${timeout};
         const look = () => {
           if (${condition}) resolve();
           else if (performance.now() > latest) reject(new Error('It took too long: ' + document.body.innerText));
           else requestAnimationFrame(look);
         };
         look();
       })`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}

// Functions of the page, as text: these files know nothing of a document.

/** Rows of which at least a half is on the screen; one about to come has no id. */
const visibleRows = `() => {
  const grid = document.querySelector('[role=grid]');
  if (grid === null) return [];
  const { top, bottom } = grid.getBoundingClientRect();
  const head = grid.querySelector('[role=rowgroup]').getBoundingClientRect().height;
  return [...grid.querySelectorAll('[role=rowgroup] + [role=rowgroup] [role=row]')].filter((row) => {
    const box = row.getBoundingClientRect();
    const middle = (box.top + box.bottom) / 2;
    return middle > top + head && middle < bottom;
  });
}`;

const isEmpty = `() => /No task matches|There are no tasks yet/.test(document.querySelector('[role=grid]')?.textContent ?? '')`;

const totalText = `() => /(?:at most )?[\\d,]+ tasks?(?: match(?:es)?)?/.exec(document.querySelector('main')?.innerText ?? '')?.[0] ?? ''`;
