import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { ApiTokens } from '../../src/auth/api-tokens.ts';
import { createServer as serve } from '../../src/index.ts';
import { createServer } from '../../src/server/server.ts';
import { TestApi } from '../server/test-api.ts';
import { TestClient } from '../server/test-client.ts';
import { double } from '../support/definitions.ts';
import { registerSecret } from '../support/secrets.ts';
import { freshSettings, testLogger } from '../support/stores.ts';
import { TestTasks } from '../support/tasks.ts';
import { everywhere, noBrowser, seriousBarriers, TestBrowser, useBrowser } from '../support/test-browser.ts';
import { TestTokens } from '../support/tokens.ts';

useBrowser();

const pause = 'mutation($reason: String) { pauseQueue(name: "default", reason: $reason) { queue { name } } }';
const rows = (page: Page) => page.locator('tr[data-event]');

/** Pauses a queue so many times, each of which is an event. */
async function pauseMany(client: TestClient, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 20) {
    const fields = Array.from(
      { length: Math.min(20, left) },
      (_, n) => `a${n}: pauseQueue(name: "default") { queue { name } }`,
    );
    const { errors } = await client.http(`mutation { ${fields.join('\n')} }`);
    expect(errors).toBeUndefined();
  }
}

test.skipIf(noBrowser)(
  'what somebody else does appears while one looks, a refusal stands out, and a lost connection misses nothing',
  async () => {
    const tokens = new TestTokens();
    const options = { redis: freshSettings(), workers: 0, authenticator: tokens };
    await using api = await TestApi.start([double], options);
    await using other = await TestApi.start([double], options);
    await using bob = new TestClient(other.origin, tokens.make('bob'));
    await using reader = new TestClient(other.origin, tokens.make('reader', undefined, ['tasks:read']));
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/audit`, {
      token: tokens.make('ann'),
      expected: /WebSocket|ERR_CONNECTION_REFUSED/,
    });
    await page.getByText('Nothing has been done so far.').waitFor();

    await bob.http(pause, { reason: 'the provider is down' });
    const done = rows(page).filter({ hasText: 'bob' });
    await done.getByText('the provider is down').waitFor();
    await done.getByText('pauseQueue').waitFor();
    await done.getByText('OK', { exact: true }).waitFor();
    expect(await done.getByRole('link', { name: 'default' }).getAttribute('href')).toBe('/queues/default');

    await reader.http(pause);
    const refused = rows(page).filter({ hasText: 'FORBIDDEN' });
    await refused.getByText('reader').waitFor();
    expect(await rows(page).first().getAttribute('data-tone')).toBe('refused');

    const port = Number(new URL(api.origin).port);
    await api.server.close();
    await page.getByText('Connection lost').waitFor();
    await bob.http(pause, { reason: 'said while nobody heard it' });
    await using again = createServer({ tasks: api.tests.tasks, logger: testLogger, authenticator: tokens });
    await again.listen(port);

    await page.getByText('said while nobody heard it').waitFor();
    expect(await rows(page).count()).toBe(3);
    expect(await rows(page).first().innerText()).toContain('said while nobody heard it');
  },
);

test.skipIf(noBrowser)(
  'what one filters by stands in the address, is shared by it, and the back button takes it away',
  async () => {
    const tokens = new TestTokens();
    await using api = await TestApi.start([double], { workers: 0, authenticator: tokens });
    await using bob = new TestClient(api.origin, tokens.make('bob'));
    await using eve = new TestClient(api.origin, tokens.make('eve'));
    await bob.http(pause, { reason: 'of bob' });
    await eve.http(pause, { reason: 'of eve' });
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/audit`, { token: tokens.make('ann') });
    await page.getByText('of bob').waitFor();

    await page.getByLabel('Actor').fill('bob');
    await page.getByLabel('Actor').press('Enter');
    await page.getByText('of eve').waitFor({ state: 'detached' });
    await page.getByText('of bob').waitFor();
    expect(new URL(page.url()).search).toBe('?actor=bob');

    await page.reload();
    await page.getByText('of bob').waitFor();
    await eve.http(pause, { reason: 'of eve again' });
    await bob.http(pause, { reason: 'of bob again' });
    await page.getByText('of bob again').waitFor();
    expect(await rows(page).count()).toBe(2);

    await page.goBack();
    await page.getByText('of eve again').waitFor();
    expect(await page.getByLabel('Actor').inputValue()).toBe('');
    await page.goto(`${api.origin}/audit?outcome=FORBIDDEN`);
    await page.getByText('No event matches.').waitFor();
  },
);

test.skipIf(noBrowser)('older events come as one scrolls to them, each once, to the very first', async () => {
  await using api = await TestApi.start([double], { workers: 0 });
  await api.http(pause, { reason: 'the first of all' });
  await pauseMany(api, 120);
  await using browser = await TestBrowser.start();
  const page = await browser.open(`${api.origin}/audit`);
  await rows(page).nth(49).waitFor();
  expect(await page.getByText('the first of all').count()).toBe(0);

  await page.getByRole('button', { name: 'Older' }).scrollIntoViewIfNeeded();
  await rows(page).nth(99).waitFor();
  await page.getByRole('button', { name: 'Older' }).scrollIntoViewIfNeeded();
  await page.getByText('the first of all').waitFor();

  expect(await rows(page).count()).toBe(121);
  expect(await page.getByRole('button', { name: 'Older' }).count()).toBe(0);
});

test.skipIf(noBrowser)(
  'an admin makes an API token, sees it once, and revokes it after a question; who looks elsewhere sees both',
  async () => {
    await using tests = await TestTasks.start([double], { workers: 0 });
    await using server = await serve({ tasks: tests.tasks, auth: { tokens: true }, logger: testLogger });
    const { url } = await server.listen(0);
    // A store that begins just now may take longer than the second in which a token has to be made.
    await expect.poll(() => tests.tasks.connection.status, { timeout: 10_000 }).toBe('ready');
    const root = await new ApiTokens(tests.tasks.connection, tests.redis.prefix ?? 'tw').create({
      owner: 'root',
      scopes: ['admin'],
    });
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${url}/audit?tab=tokens`, {
      token: registerSecret(root.token),
      expected: /status of 400/,
    });
    const elsewhere = await browser.open(`${url}/audit?tab=tokens`, { token: root.token });
    await elsewhere.getByText('1 token').waitFor();

    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('shop');
    await page.getByRole('textbox', { name: 'Owner' }).fill('acme');
    await page.getByLabel('tasks:write').check();
    await page.getByLabel('Expires in').fill('30 parsecs');
    await page.getByRole('button', { name: 'Make the token' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Expires in').fill('30d');
    await page.getByRole('button', { name: 'Make the token' }).click();
    const token = registerSecret(await page.getByLabel('Token: shop').inputValue(), {
      what: 'a new API token',
    });
    await page.getByRole('button', { name: 'Copy the token' }).waitFor();

    const row = page.getByRole('row').filter({ hasText: 'acme' });
    await row.getByText('in 30 d').waitFor();
    expect(await row.innerText()).toMatch(/shop[^]*tasks:read[^]*tasks:write[^]*never/);
    await elsewhere.getByRole('row').filter({ hasText: 'acme' }).waitFor();
    await using acme = new TestClient(url, token);
    expect(await acme.http('{ viewer { owner } }')).toEqual({ data: { viewer: { owner: 'acme' } } });
    await page.getByRole('button', { name: 'I have it' }).click();
    expect(await page.content()).not.toContain(token);

    await page.getByRole('button', { name: 'Revoke shop' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
    await row.waitFor({ state: 'detached' });
    await elsewhere.getByRole('row').filter({ hasText: 'acme' }).waitFor({ state: 'detached' });
    await expect
      .poll(async () => await acme.http('{ viewer { owner } }'), { timeout: 10_000 })
      .toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  },
);

test.skipIf(noBrowser)(
  'it works on a phone, without serious barriers in light and dark, and says it where nobody signs in by tokens',
  async () => {
    const tokens = new TestTokens();
    await using api = await TestApi.start([double], { workers: 0, authenticator: tokens });
    const token = tokens.make('ann');
    await using ann = new TestClient(api.origin, token);
    await using reader = new TestClient(api.origin, tokens.make('reader', undefined, ['tasks:read']));
    await ann.http(pause, { reason: 'the provider is down' });
    await reader.http(pause);
    await ann.http('mutation { cancelTask(id: "nothing-has-this-id") { accepted } }');
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/audit`, { token });
    await page.getByText('the provider is down').waitFor();
    await everywhere(page, async (width) => {
      expect(await seriousBarriers(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    });
    await page.getByRole('tab', { name: 'API tokens' }).click();
    await page.getByText('Nobody signs in to this API by API tokens').waitFor();
    expect(await page.getByRole('button', { name: 'New token' }).count()).toBe(0);
    await everywhere(page, async () => expect(await seriousBarriers(page)).toEqual([]));
  },
);
