import type { Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { TestApi } from '../server/test-api.ts';
import { double, forever } from '../support/definitions.ts';
import { everywhere, noBrowser, seriousBarriers, TestBrowser, useBrowser } from '../support/test-browser.ts';
import { Outages } from '../support/outages.ts';
import { redisServerPath } from '../support/stores.ts';
import { TestTokens } from '../support/tokens.ts';

useBrowser();

const rows = (page: Page) => page.getByRole('row').and(page.locator('[id^="row-"]'));
const row = (page: Page, id: string) => page.locator(`[id="row-${id}"]`);

/** Tasks that wait, as no worker is there; by hundreds of milliseconds at the most. */
async function enqueueMany(api: TestApi, count: number): Promise<void> {
  const inputs = Array.from({ length: count }, (_, n) => ({ n }));
  const { errors } = await api.http(
    'mutation($inputs: [DoubleInput!]!) { doubleBatch(inputs: $inputs) { batch { id } } }',
    { inputs },
  );
  expect(errors).toBeUndefined();
}

/** Scrolls the list, in pixels from its head. */
async function scrollTo(page: Page, top: number): Promise<void> {
  await page.evaluate(`document.querySelector('[role=grid]').scrollTop = ${top}`);
}

/** Which row is where, of those in the middle of the screen. */
async function middle(page: Page): Promise<string> {
  return await page.evaluate<string>(
    `[...document.querySelectorAll('[role=row]')]
      .map((row) => ({ id: row.id, top: row.getBoundingClientRect().top }))
      .filter(({ top }) => top > 462 && top <= 500)
      .map(({ id, top }) => id + ' at ' + top)
      .join()`,
  );
}

test.skipIf(noBrowser)(
  'a task appears in the list as it is enqueued, and moves on before one’s eyes',
  async () => {
    await using api = await TestApi.start([double, forever]);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/tasks`);
    await page.getByText('There are no tasks yet.').waitFor();

    const { id } = await api.tests.tasks.enqueue(forever, {});

    await row(page, id).getByText('Running').waitFor();
    await row(page, id).getByText('started').waitFor();
    await page.getByText('1 task', { exact: true }).waitFor();
    await api.tests.tasks.cancel(id);
    await row(page, id).getByText('Canceled').waitFor();
    expect(await rows(page).count()).toBe(1);
  },
);

test.skipIf(noBrowser)(
  'of thousands of tasks there are as many rows as fit on the screen, wherever one scrolls to',
  async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    await enqueueMany(api, 1000);
    await enqueueMany(api, 1000);
    const oldest = await api.http('query { tasks(last: 1) { nodes { id } } }');
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/tasks`);
    await page.getByText('2,000 tasks').waitFor();
    await rows(page).first().waitFor();
    const atHead = await rows(page).count();

    // The scroll bar is dragged to the end, and the middle is looked at on the way back.
    await scrollTo(page, 1e9);
    await row(page, oldest.data.tasks.nodes[0].id).waitFor();
    const atEnd = await rows(page).count();
    await scrollTo(page, 38 * 1000);
    // Near enough for a scroll bar; and rows tell the places that they have.
    await vi.waitFor(async () => {
      const places = await rows(page).evaluateAll((all) => all.map((row) => Number(row.ariaRowIndex)));
      expect(places.length).toBeGreaterThan(10);
      expect(Math.min(...places)).toBeGreaterThanOrEqual(900);
      expect(Math.max(...places)).toBeLessThanOrEqual(1100);
    }, 10_000);

    for (const count of [atHead, atEnd, await rows(page).count()]) {
      expect(count).toBeGreaterThan(10);
      expect(count).toBeLessThan(60);
    }
    expect(await page.getByRole('grid').getAttribute('aria-rowcount')).toBe('2001');
  },
);

test.skipIf(noBrowser)(
  'rows stay where they are while tasks come above them, whose number is told and leads to them',
  async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    await enqueueMany(api, 300);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/tasks`);
    await rows(page).first().waitFor();
    await scrollTo(page, 1500);
    await page.locator('[role=row][aria-rowindex="50"]:not([aria-busy])').waitFor();
    const before = await middle(page);

    await enqueueMany(api, 7);
    await page.getByRole('button', { name: '7 new tasks' }).waitFor();
    expect(await middle(page)).toBe(before);
    // More than a window holds.
    await enqueueMany(api, 400);
    await page.getByRole('button', { name: '407 new tasks' }).waitFor();
    expect(await middle(page)).toBe(before);

    await page.getByRole('button', { name: '407 new tasks' }).click();
    await page.getByRole('button', { name: 'new tasks' }).waitFor({ state: 'detached' });
    const newest = await api.http('query { tasks(first: 1) { nodes { id } } }');
    await row(page, newest.data.tasks.nodes[0].id).waitFor();
  },
);

test.skipIf(noBrowser || redisServerPath === undefined)(
  'rows that were asked for while the store was away come when it is back',
  async () => {
    await using outages = await Outages.start();
    await using api = await TestApi.start([double], { redis: { url: outages.url }, workers: 0 });
    await enqueueMany(api, 400);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/tasks`, { expected: /503/ });
    const refused = new Promise<void>((resolve) => {
      page.on('websocket', (socket) => {
        socket.on('framereceived', ({ payload }) => {
          if (String(payload).includes('"path":["tasks"]')) resolve();
        });
      });
    });
    await page.reload();
    await rows(page).first().waitFor();
    await scrollTo(page, 38 * 200);
    await page.locator('[id^="row-"][aria-rowindex="205"]').waitFor();

    await outages.redis.end('SIGKILL');
    await scrollTo(page, 38 * 140);
    await refused;
    expect(await page.locator('[id^="row-"][aria-rowindex="145"]').count()).toBe(0);
    await outages.redis.run();

    await page.locator('[id^="row-"][aria-rowindex="145"]').waitFor();
  },
);

test.skipIf(noBrowser)(
  'what one searches for stands in the address, is shared by it, and the back button takes it away',
  async () => {
    await using api = await TestApi.start([double, forever]);
    const done = await api.tests.tasks.enqueue(double, { n: 1 }, { tags: ['a'] });
    const runs = await api.tests.tasks.enqueue(forever, {}, { tags: ['b'] });
    await api.tests.finished(done.id);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/tasks`);
    await row(page, runs.id).waitFor();

    await page.keyboard.press('/');
    await page.keyboard.type('status:succeeded tag:a');
    await page.keyboard.press('Enter');
    await row(page, runs.id).waitFor({ state: 'detached' });
    await row(page, done.id).waitFor();
    expect(new URL(page.url()).search).toBe('?status=SUCCEEDED&tag=a');

    const shared = await browser.open(page.url());
    await row(shared, done.id).waitFor();
    expect(await rows(shared).count()).toBe(1);

    await page.goBack();
    await row(page, runs.id).waitFor();
    await page.getByLabel('Search tasks').fill('color:red');
    await page.keyboard.press('Enter');
    await page.getByText('“color:” is no field').waitFor();
  },
);

test.skipIf(noBrowser)(
  'all that match are canceled after one was told how many they are, and has said why',
  async () => {
    await using api = await TestApi.start([double, forever], { workers: 0 });
    await enqueueMany(api, 230);
    const kept = await api.tests.tasks.enqueue(forever, {});
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/tasks?name=double`);
    await page.getByText('230 tasks match').waitFor();

    await page.getByRole('button', { name: 'All that match' }).click();
    await page.getByRole('button', { name: 'Cancel all that match …' }).click();
    await page.getByRole('heading', { name: 'Cancel 230 tasks?' }).waitFor();
    await page.getByLabel('Reason').fill('a mistake');
    await page.getByRole('button', { name: 'Cancel 230 tasks' }).click();
    await page.getByText('230 tasks canceled.').waitFor();
    await page.locator('dialog footer').getByRole('button').click();

    const { data } = await api.http(
      'query { tasks(first: 2) { nodes { id status cancellation { reason } } } }',
    );
    expect(data.tasks.nodes).toMatchObject([
      { id: kept.id, status: 'QUEUED' },
      { status: 'CANCELED', cancellation: { reason: 'a mistake' } },
    ]);
  },
);

test.skipIf(noBrowser)(
  'those that one has marked are canceled, and what an action isn’t for is said before',
  async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    await enqueueMany(api, 5);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/tasks`);
    await rows(page).first().waitFor();

    await rows(page).nth(1).getByRole('checkbox').click();
    await rows(page)
      .nth(3)
      .getByRole('checkbox')
      .click({ modifiers: ['Shift'] });
    await page.getByText('3 selected').waitFor();
    await page.getByRole('button', { name: 'Retry', exact: true }).click();
    await page.getByText('None of these can be retried').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('button', { name: 'Cancel 3 tasks' }).click();
    await page.getByText('3 tasks canceled.').waitFor();
    await page.locator('dialog footer').getByRole('button').click();

    await page.getByText('5 tasks').waitFor();
    expect(await rows(page).locator('[data-status]').allInnerTexts()).toEqual([
      'Queued',
      'Canceled',
      'Canceled',
      'Canceled',
      'Queued',
    ]);
  },
);

test.skipIf(noBrowser)('keys move, mark and open: j, x, shift and x, Enter', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  await enqueueMany(api, 5);
  await using browser = await TestBrowser.start();
  const page = await browser.open(`${api.origin}/tasks`);
  await rows(page).first().waitFor();

  for (const key of ['j', 'j', 'x', 'ArrowDown', 'j', 'Shift+X']) await page.keyboard.press(key);
  await page.getByText('3 selected').waitFor();
  const active = await page.getByRole('grid').getAttribute('aria-activedescendant');
  expect(await rows(page).nth(3).getAttribute('id')).toBe(active);
  // Keys that work everywhere work here, too.
  await page.keyboard.press('/');
  expect(await page.evaluate('document.activeElement.type')).toBe('search');
  await page.keyboard.press('Escape');
  await page.getByRole('grid').focus();
  await page.keyboard.press('Enter');

  await page.waitForURL(`**/tasks/${active?.slice('row-'.length)}`);
});

test.skipIf(noBrowser)(
  'who may only read is offered no action, and nobody is shut out: in light, in dark, on a phone',
  async () => {
    const tokens = new TestTokens();
    await using api = await TestApi.start([double, forever], { authenticator: tokens });
    await api.tests.tasks.enqueue(forever, {}, { owner: 'reader', tags: ['a', 'b'] });
    await using browser = await TestBrowser.start();
    const token = tokens.make('reader', undefined, ['tasks:read']);

    const page = await browser.open(`${api.origin}/tasks?tag=a`, { token });
    await rows(page).getByText('Running').waitFor();

    await everywhere(page, async () => {
      expect(await page.getByRole('checkbox').count()).toBe(0);
      expect(await page.getByRole('button', { name: 'All that match' }).count()).toBe(0);
      expect(await seriousBarriers(page)).toEqual([]);
    });
  },
);
