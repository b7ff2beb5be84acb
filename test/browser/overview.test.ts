import type { Response } from 'playwright-core';
import { expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { TestApi } from '../server/test-api.ts';
import { noBrowser, seriousBarriers, TestBrowser, useBrowser } from '../support/test-browser.ts';
import { Outages } from '../support/outages.ts';
import { freshSettings, redisServerPath, sharedStores } from '../support/stores.ts';
import { TestTokens } from '../support/tokens.ts';

useBrowser();

const shout = defineTask({
  name: 'shout',
  queue: 'voices',
  input: (t) => ({ word: t.string({ required: true }) }),
  output: (t) => ({ word: t.string() }),
  retry: { attempts: 1 },
  run({ word }) {
    if (word === '') throw new Error('Nothing to shout.');
    return { word: word.toUpperCase() };
  },
});

test.skipIf(noBrowser)('the overview tells of what happens while one looks, in light and dark', async () => {
  await using api = await TestApi.start([shout]);
  await using browser = await TestBrowser.start();
  const page = await browser.open(api.origin);
  await page.getByRole('rowheader', { name: 'voices' }).waitFor();

  for (const word of ['a', 'b', '']) {
    await api.tests.finished((await api.tests.tasks.enqueue(shout, { word })).id);
  }

  await page.getByRole('link', { name: /^Failed, last hour 1 / }).waitFor();
  await page.getByText('Succeeded, last hour2').waitFor();
  await page.getByText('3 enqueued, 3 ended.').waitFor();
  expect(await seriousBarriers(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await seriousBarriers(page)).toEqual([]);
});

test.skipIf(noBrowser)('figures lead to tasks for who may read them alone', async () => {
  const tokens = new TestTokens();
  await using api = await TestApi.start([shout], { authenticator: tokens, workers: 0 });
  await using browser = await TestBrowser.start();
  await api.tests.tasks.enqueue(shout, { word: 'a' });
  const token = tokens.make('ann', undefined, ['queues:manage']);
  const page = await browser.open(api.origin, { token });

  await page.getByText('Waiting1oldest').waitFor();

  expect(await page.locator('main a[href^="/tasks"]').count()).toBe(0);
});

test.skipIf(noBrowser)('a queue that nobody serves is among what needs attention', async () => {
  await using api = await TestApi.start([shout], { workers: 0 });
  await using browser = await TestBrowser.start();
  await api.tests.tasks.enqueue(shout, { word: 'a' });
  const page = await browser.open(api.origin);

  await page.getByRole('heading', { name: 'Needs attention' }).waitFor();
  await page.getByText('No worker is there').waitFor();

  expect(await page.getByRole('link', { name: /^Waiting 1 / }).count()).toBe(1);
});

test.skipIf(noBrowser)(
  'on the embedded store all is well for who develops, and it is told what it is',
  async () => {
    await using api = await TestApi.start([shout], { redis: freshSettings(sharedStores[0]) });
    await using browser = await TestBrowser.start();
    const page = await browser.open(api.origin);

    await page.getByText('the embedded store: it is for development').waitFor();
    await page.getByText('Nothing needs attention.').waitFor();

    expect(await page.getByRole('heading', { name: 'Needs attention' }).count()).toBe(0);
  },
);

/** The store line couldn't be read. */
const isRefusal = async (response: Response): Promise<boolean> =>
  response.url().endsWith('/graphql') && (await response.text()).includes('UNAVAILABLE');

test.skipIf(noBrowser || redisServerPath === undefined)(
  'while the store is away the overview says so, for who looks, comes back or opens it anew, and goes on by itself',
  async () => {
    await using outages = await Outages.start();
    await using api = await TestApi.start([shout], { redis: { url: outages.url } });
    await using browser = await TestBrowser.start();
    const page = await browser.open(api.origin, { expected: /503/ });
    await page.getByText('Tasks are kept by Redis').waitFor();
    const title = page.getByRole('heading', { level: 1, name: 'Overview' });

    await outages.redis.end('SIGKILL');
    await page.getByRole('link', { name: 'Tasks', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor();
    const refused = page.waitForResponse(isRefusal);
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
    await refused;
    await title.waitFor();
    // What was known stays.
    await page.getByText('Tasks are kept by Redis').waitFor();
    const refusedAnew = page.waitForResponse(isRefusal);
    await page.reload();
    await refusedAnew;
    await page.getByRole('alert').waitFor();
    await title.waitFor();
    expect(await page.getByText('Tasks are kept by').count()).toBe(0);

    await outages.redis.run();

    await page.getByText('Tasks are kept by Redis').waitFor();
    await page.getByText('Nothing needs attention.').waitFor();
    await page.getByRole('alert').waitFor({ state: 'detached' });
  },
);
