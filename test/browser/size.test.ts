import { expect, test } from 'vitest';
import { analyzeData } from '../../src/builtin/analyze-data.ts';
import { TestApi } from '../server/test-api.ts';
import { noBrowser, TestBrowser, useBrowser } from '../support/test-browser.ts';

useBrowser();

test.skipIf(noBrowser)('the first load of any page, fonts included, is under 200 KB', async () => {
  await using api = await TestApi.start([analyzeData]);
  await using browser = await TestBrowser.start();
  const { id } = await api.tests.tasks.enqueue('analyzeData', { csv: 'a,b\n1,2' });
  await api.tests.finished(id);
  const sizes: Record<string, number> = {};

  for (const path of [
    '/',
    '/tasks',
    `/tasks/${id}`,
    '/enqueue/analyzeData',
    '/queues',
    '/workers',
    '/schedules',
    '/audit',
  ]) {
    const page = await browser.open(`${api.origin}${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('networkidle');
    // In bytes as they were sent, headers included; with what GraphQL answered by HTTP.
    sizes[path] = await page.evaluate<number>(
      `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .reduce((sum, { transferSize }) => sum + transferSize, 0)`,
    );
    await page.context().close();
  }

  expect(Object.entries(sizes).filter(([, size]) => size < 20_000 || size >= 200_000)).toEqual([]);
});
