import { expect, test, vi } from 'vitest';
import { TestApi } from '../server/test-api.ts';
import { double, forever } from '../support/definitions.ts';
import { noBrowser, TestBrowser, useBrowser } from '../support/test-browser.ts';

useBrowser();

test.skipIf(noBrowser)(
  'a menu stays on the screen where there is no room above it either, and scrolls to what the keys go to',
  async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    await using browser = await TestBrowser.start();
    const { id } = await api.tests.tasks.enqueue(double, { n: 1 });
    const viewport = { width: 1000, height: 240 };
    const page = await browser.open(`${api.origin}/tasks/${id}`, { viewport });

    await page.getByRole('button', { name: 'Copy as' }).click();
    const menu = page.getByRole('menu', { name: 'Copy as' });

    const box = await menu.boundingBox();
    expect(box?.y).toBeGreaterThanOrEqual(0);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(viewport.height);
    for (const [key, entry] of [
      ['End', menu.getByRole('menuitem').last()],
      ['Home', menu.getByRole('menuitem').first()],
    ] as const) {
      await page.keyboard.press(key);
      const place = await entry.boundingBox();
      expect(place?.y).toBeGreaterThanOrEqual(box?.y ?? 0);
      expect((place?.y ?? 0) + (place?.height ?? 0)).toBeLessThanOrEqual((box?.y ?? 0) + (box?.height ?? 0));
    }
  },
);

test.skipIf(noBrowser)(
  'Enter that takes what an input method has composed is for the field alone',
  async () => {
    await using api = await TestApi.start([double, forever], { workers: 0 });
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/enqueue`);
    await page.getByLabel('Search definitions').focus();
    const input = await page.context().newCDPSession(page);

    await input.send('Input.imeSetComposition', { text: 'dou', selectionStart: 3, selectionEnd: 3 });
    await page.keyboard.press('Enter');
    await input.send('Input.insertText', { text: 'dou' });
    await page.getByRole('link', { name: 'forever' }).waitFor({ state: 'detached' });
    expect(new URL(page.url()).pathname).toBe('/enqueue');
    await page.keyboard.press('Enter');

    await page.waitForURL(/\/enqueue\/double$/);
  },
);

test.skipIf(noBrowser)(
  'a replay opens with the input of its task, also right after another one',
  async () => {
    await using api = await TestApi.start([double], { workers: 0 });
    await using browser = await TestBrowser.start();
    const [one, other] = [
      await api.tests.tasks.enqueue(double, { n: 1 }),
      await api.tests.tasks.enqueue(double, { n: 2 }),
    ];
    const page = await browser.open(`${api.origin}/enqueue/double?replay=${one.id}`);
    await page.getByLabel('n', { exact: true }).waitFor();
    expect(await page.getByLabel('n', { exact: true }).inputValue()).toBe('1');

    await page.evaluate(`history.pushState(null, '', '/enqueue/double?replay=${other.id}')`);
    await page.getByRole('link', { name: other.id }).waitFor();

    await vi.waitFor(
      async () => expect(await page.getByLabel('n', { exact: true }).inputValue()).toBe('2'),
      10_000,
    );
  },
);
