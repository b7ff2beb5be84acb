import { expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { TestApi } from '../server/test-api.ts';
import { noBrowser, seriousBarriers, TestBrowser, useBrowser } from '../support/test-browser.ts';

useBrowser();

test.skipIf(noBrowser)('a worker shows what it runs, is drained with a reason, and resumed', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const dig = defineTask({
    name: 'dig',
    queue: 'ground',
    async run(_input, { progress }) {
      await progress({ fraction: 0.25 });
      await gate;
    },
  });
  await using api = await TestApi.start([dig]);
  await using browser = await TestBrowser.start();
  const page = await browser.open(`${api.origin}/workers`);
  await page.getByText('It runs nothing.').waitFor();

  const { id } = await api.tests.tasks.enqueue(dig, {});
  await page.getByRole('link', { name: 'dig' }).waitFor();
  expect(await page.getByRole('link', { name: 'dig' }).getAttribute('href')).toBe(`/tasks/${id}`);
  await page.getByRole('button', { name: 'Drain …' }).click();
  await page.getByLabel('Reason').fill('a new kernel');
  await page.getByRole('button', { name: 'Drain it' }).click();
  await page.getByText('a new kernel').waitFor();

  expect(await seriousBarriers(page)).toEqual([]);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('button', { name: 'Drain …' }).waitFor();
  open();
  await page.getByText('It runs nothing.').waitFor();
});
