import type { Request } from 'playwright-core';
import { expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { openAuthenticator } from '../../src/auth/authenticator.ts';
import { connectTasks } from '../../src/tasks/tasks.ts';
import { createServer } from '../../src/server/server.ts';
import { TestApi } from '../server/test-api.ts';
import { testLogger } from '../support/stores.ts';
import { double } from '../support/definitions.ts';
import { noBrowser, seriousBarriers, TestBrowser, useBrowser } from '../support/test-browser.ts';
import { TestTokens } from '../support/tokens.ts';

useBrowser();

/** What stands in the code, and fires while one looks. */
const heartbeat = defineTask({
  name: 'heartbeat',
  schedule: { name: 'pulse', every: '1s' },
  output: (t) => ({ ok: t.boolean() }),
  run: () => ({ ok: true }),
});

test.skipIf(noBrowser)(
  'a schedule is made by the dialog, paused with a reason, run now and deleted',
  async () => {
    await using api = await TestApi.start([double]);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/schedules`);
    await page.getByText('There are no schedules so far.').waitFor();

    await page.getByRole('button', { name: 'New schedule' }).click();
    await page.getByLabel('Definition').selectOption('double');
    await page.getByLabel('Name').fill('nightly');
    await page.getByLabel('Cron expression').fill('0 6 1 * 99');
    await page.getByLabel('Time zone').fill('Europe/Berlin');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('Expected a value, as it is required.').waitFor();
    const n = page.getByLabel('n', { exact: true });
    expect(await n.evaluate('document.activeElement.getAttribute("aria-invalid")')).toBe('true');
    await n.fill('21');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('dialog').getByRole('alert').waitFor();
    expect(await page.getByLabel('Cron expression').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('Cron expression').fill('0 6 1 * *');
    await page.getByRole('button', { name: 'Create' }).click();

    const row = page.getByRole('row', { name: /nightly/ });
    await row.getByText('cron 0 6 1 * * · Europe/Berlin').waitFor();
    await row.getByText(/^in \d+ (d|h|min|s)$/).waitFor();
    await row.getByRole('button', { name: 'Pause nightly' }).click();
    await page.getByLabel('Reason').fill('the provider is down');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await row.getByText('“the provider is down”').waitFor();
    await row.getByText('once it is resumed').waitFor();
    await row.getByRole('button', { name: 'Resume nightly' }).click();
    await row.getByRole('button', { name: 'Pause nightly' }).waitFor();

    await row.getByRole('button', { name: 'Run nightly now' }).click();
    await row.getByRole('link', { name: /last task of nightly/ }).waitFor();
    await page.getByRole('status').getByRole('link', { name: 'Open the task' }).click();
    await page.getByRole('heading', { level: 1, name: 'double' }).waitFor();
    await page.getByText('Succeeded').first().waitFor();
    await page.goBack();

    await row.getByRole('button', { name: 'Delete nightly' }).click();
    await page.getByText('Its tasks stay, and go on.').waitFor();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('There are no schedules so far.').waitFor();
  },
);

test.skipIf(noBrowser)('what is edited holds from then on, and its times stay where they are', async () => {
  await using api = await TestApi.start([double]);
  await using browser = await TestBrowser.start();
  const made = await api.tests.tasks.schedules.create(double, {
    name: 'often',
    every: '15m',
    input: { n: 1 },
  });
  const page = await browser.open(`${api.origin}/schedules?id=${made.id}`);
  const row = page.getByRole('row', { name: /every 15 min/ });

  await row.getByRole('button', { name: 'Edit often' }).click();
  expect(await page.getByLabel('n', { exact: true }).inputValue()).toBe('1');
  await page.getByRole('button', { name: 'JSON', exact: true }).click();
  await page.getByRole('textbox', { name: 'Input as JSON' }).fill('{ "n": 4242 }');
  await page.getByLabel('Overlap').selectOption('SKIP');
  await page.getByRole('button', { name: 'Save' }).click();

  await row.getByText('left out while one runs').waitFor();
  await page.getByText('4242').waitFor();
  const { nextRunAt } = (await api.tests.tasks.schedules.get(made.id)) ?? {};
  expect(nextRunAt).toBe(made.nextRunAt);
});

test.skipIf(noBrowser)(
  'a key that was meant for a field saves nothing, and neither does what is no JSON',
  async () => {
    await using api = await TestApi.start([double]);
    await using browser = await TestBrowser.start();
    const elsewhere = defineTask({ name: 'elsewhere', input: (t) => ({ n: t.int() }), run() {} });
    const other = await connectTasks({
      redis: api.tests.redis,
      definitions: [elsewhere],
      logger: testLogger,
    });
    const far = await other.schedules
      .create(elsewhere, { name: 'far', every: '1h', input: { n: 1 } })
      .finally(async () => await other.close());
    const near = await api.tests.tasks.schedules.create(double, {
      name: 'near',
      every: '1h',
      input: { n: 1 },
    });
    const page = await browser.open(`${api.origin}/schedules`);

    const saved: Request[] = [];
    page.on('request', (request) => {
      if (request.postData()?.includes('mutation UpdateSchedule')) saved.push(request);
    });
    await page.getByRole('button', { name: 'Edit near' }).click();
    await page.getByLabel('n', { exact: true }).fill('2');
    await page.keyboard.press('Enter');
    await page.getByLabel('n', { exact: true }).fill('3');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('near is changed.').waitFor();
    expect(saved).toHaveLength(1);
    expect(await api.tests.tasks.schedules.get(near.id)).toMatchObject({ input: { n: 3 } });

    // Here nothing is known of what it takes.
    await page.getByRole('button', { name: 'Edit far' }).click();
    const json = page.getByRole('textbox', { name: 'Input as JSON' });
    await json.fill('{ "n": ');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText("That isn't JSON").waitFor();
    expect(await json.evaluate('document.activeElement.getAttribute("aria-invalid")')).toBe('true');
    expect(await api.tests.tasks.schedules.get(far.id)).toMatchObject({ input: { n: 1 } });
  },
);

test.skipIf(noBrowser)(
  'a schedule that fires shows its last run while one looks, and its tasks once it is opened',
  async () => {
    await using api = await TestApi.start([heartbeat]);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/schedules`);
    const row = page.getByRole('row', { name: /pulse/ });
    await row.getByText('every 1 s').waitFor();

    const last = row.getByRole('link', { name: /last task of pulse/ });
    const before = await last.getAttribute('href');
    await row.locator(`a:not([href="${before}"])`).waitFor();

    await row.getByRole('button', { name: 'pulse', exact: true }).click();
    await page.getByText('Succeeded').first().waitFor();
    await page.getByRole('link', { name: 'All of them' }).waitFor();
    expect(await row.getByRole('button', { name: /^(Edit|Delete)/ }).count()).toBe(0);
    expect(await seriousBarriers(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await seriousBarriers(page)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    await page.getByRole('button', { name: 'New schedule' }).click();
    expect(await seriousBarriers(page)).toEqual([]);
  },
);

test.skipIf(noBrowser)('who may only read is offered nothing to do', async () => {
  const tokens = new TestTokens();
  await using api = await TestApi.start([double], { authenticator: tokens });
  await using browser = await TestBrowser.start();
  await api.tests.tasks.schedules.create(double, {
    name: 'mine',
    every: '1h',
    input: { n: 1 },
    owner: 'reader',
  });
  const token = tokens.make('reader', undefined, ['tasks:read']);

  const page = await browser.open(`${api.origin}/schedules`, { token });

  await page.getByRole('row', { name: /mine/ }).getByText('every 1 h').waitFor();
  expect(await page.getByRole('button', { name: /New|Run|Pause|Delete|Edit/ }).count()).toBe(0);
});

test.skipIf(noBrowser)(
  'a schedule that was deleted while the API was away is gone when it is back',
  async () => {
    await using api = await TestApi.start([double]);
    await using browser = await TestBrowser.start();
    const [gone, stays] = await Promise.all(
      ['gone', 'stays'].map(
        async (name) =>
          await api.tests.tasks.schedules.create(double, { name, every: '1h', input: { n: 1 } }),
      ),
    );
    const page = await browser.open(`${api.origin}/schedules`, {
      expected: /WebSocket|ERR_CONNECTION_REFUSED/,
    });
    await page.getByRole('button', { name: 'gone', exact: true }).waitFor();
    await page.getByRole('button', { name: 'stays', exact: true }).waitFor();

    await api.server.close();
    await page.getByText('Connection lost, trying again').waitFor();
    await api.tests.tasks.schedules.delete(gone?.id ?? '');
    await using again = createServer({
      tasks: api.tests.tasks,
      logger: testLogger,
      authenticator: openAuthenticator,
    });
    await again.listen(Number(new URL(api.origin).port));

    await page.getByRole('button', { name: 'gone', exact: true }).waitFor({ state: 'detached' });
    expect(await page.getByRole('button', { name: stays?.name ?? '', exact: true }).count()).toBe(1);
  },
);
