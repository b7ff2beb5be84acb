import { expect, test } from 'vitest';
import { analyzeData } from '../../src/builtin/analyze-data.ts';
import { createServer } from '../../src/server/server.ts';
import { openAuthenticator } from '../../src/auth/authenticator.ts';
import { TestApi } from '../server/test-api.ts';
import { testLogger } from '../support/stores.ts';
import { TestTokens } from '../support/tokens.ts';
import { noBrowser, seriousBarriers, TestBrowser, useBrowser } from '../support/test-browser.ts';

useBrowser();

test.skipIf(noBrowser)(
  'who opens an open API sees the overview at once, and is told that it is live',
  async () => {
    await using api = await TestApi.start([analyzeData]);
    await using browser = await TestBrowser.start();

    const page = await browser.open(api.origin);

    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.getByRole('status').getByText('Live').waitFor();
    expect(await page.title()).toBe('Overview · Taskwire');
  },
);

test.skipIf(noBrowser)(
  'where one signs in, a wrong token is refused in words, and a right one leads to the page that was asked for',
  async () => {
    const tokens = new TestTokens();
    await using api = await TestApi.start([analyzeData], { authenticator: tokens });
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/tasks`, { expected: /401/ });

    await page.getByLabel('Token').fill('twk_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The API does not know this token').waitFor();
    await page.getByLabel('Token').fill(tokens.make('ann'));
    await page.getByRole('button', { name: 'Sign in' }).click();

    await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor();
    expect(await page.getByRole('navigation').innerText()).toContain('ann');
  },
);

test.skipIf(noBrowser)('what one may not do is not offered', async () => {
  const tokens = new TestTokens();
  await using api = await TestApi.start([analyzeData], { authenticator: tokens });
  await using browser = await TestBrowser.start();
  const token = tokens.make('reader', undefined, ['tasks:read']);

  const page = await browser.open(api.origin, { token });
  await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor();

  const pages = page.getByRole('navigation', { name: 'Pages' }).getByRole('listitem');
  expect(await pages.allInnerTexts()).toEqual(['Tasks', 'Schedules']);
  await page.goto(`${api.origin}/queues`);
  await page.getByText("There is no such page, or it isn't for you.").waitFor();
  expect(await page.getByRole('link', { name: 'Queues' }).count()).toBe(0);
});

test.skipIf(noBrowser)(
  'a session that is revoked ends on the page, which asks for a token again',
  async () => {
    const tokens = new TestTokens();
    await using api = await TestApi.start([analyzeData], { authenticator: tokens });
    await using browser = await TestBrowser.start();
    const token = tokens.make('ann');
    const page = await browser.open(`${api.origin}/tasks`, { token, expected: /401/ });
    await page.getByRole('status').getByText('Live').waitFor();

    tokens.revoke(token);

    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.getByText('Your session has ended: session revoked.').waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await page.getByLabel('Token').fill(tokens.make('bob'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.getByText('Your session has ended').count()).toBe(0);
  },
);

test.skipIf(noBrowser)(
  'a page that has lost the API says so, and is live again by itself when the API is back',
  async () => {
    await using api = await TestApi.start([analyzeData]);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/tasks`, { expected: /WebSocket|ERR_CONNECTION_REFUSED/ });
    await page.getByRole('status').getByText('Live').waitFor();

    await api.server.close();
    await page.getByText('Connection lost, trying again').waitFor();
    await using again = createServer({
      tasks: api.tests.tasks,
      logger: testLogger,
      authenticator: openAuthenticator,
    });
    await again.listen(Number(new URL(api.origin).port));

    await page.getByRole('status').getByText('Live').waitFor();
    expect(await page.getByText('Connection lost').count()).toBe(0);
  },
);

test.skipIf(noBrowser)('it works below a path, by keys, and in the theme that one chose', async () => {
  await using api = await TestApi.start([analyzeData], { basePath: '/taskwire' });
  await using browser = await TestBrowser.start();
  const page = await browser.open(`${api.origin}/taskwire/`);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor();
  await page.getByRole('button', { name: 'Theme: system. Switch to light' }).click();
  await page.getByRole('button', { name: 'Theme: light. Switch to dark' }).click();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor();

  expect(new URL(page.url()).pathname).toBe('/taskwire/tasks');
  expect(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor')).toBe(
    'rgb(11, 13, 18)',
  );
  expect(await seriousBarriers(page)).toEqual([]);
});

test.skipIf(noBrowser)(
  'who uses keys alone skips the navigation, and hears that there is another page',
  async () => {
    await using api = await TestApi.start([analyzeData], { basePath: '/taskwire' });
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/taskwire/workers`);
    await page.getByRole('heading', { level: 1, name: 'Workers' }).waitFor();

    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    expect(new URL(page.url()).pathname).toBe('/taskwire/workers');
    await page.keyboard.press('g');
    await page.keyboard.press('q');
    await page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();

    expect(await page.evaluate('document.activeElement.textContent')).toBe('Queues');
  },
);

test.skipIf(noBrowser)(
  'a page that fails says so beside the navigation, and is shown when it is tried again, or by way of another one',
  async () => {
    await using api = await TestApi.start([analyzeData]);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/queues`, {
      expected: /broken|page-boundary|error occurred/i,
    });
    await page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
    await page.evaluate(`
      window.kept = Array.prototype.toSorted;
      Array.prototype.toSorted = () => { throw new Error('broken on purpose'); };
    `);

    await page.getByRole('link', { name: 'Overview', exact: true }).click();

    await page.getByRole('heading', { level: 1, name: 'This page failed' }).waitFor();
    await page.getByRole('alert').getByText('broken on purpose').waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    await page.getByRole('link', { name: 'Enqueue', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Enqueue' }).waitFor();
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
    await page.getByRole('alert').getByText('broken on purpose').waitFor();
    await page.evaluate('Array.prototype.toSorted = window.kept;');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  },
);
