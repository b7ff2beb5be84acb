import { expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { TestApi } from '../server/test-api.ts';
import { Gate } from '../support/definitions.ts';
import { noBrowser, seriousBarriers, TestBrowser, useBrowser } from '../support/test-browser.ts';

useBrowser();

/** Runs until its gate is opened. */
const press = (gate: Gate) =>
  defineTask({
    name: 'press',
    queue: 'juice',
    async run() {
      await gate.opened;
    },
  });

test.skipIf(noBrowser)(
  'a queue is paused with a reason that all who look at it read, and goes on when it is resumed',
  async () => {
    const gate = new Gate();
    gate.open();
    const task = press(gate);
    await using api = await TestApi.start([task]);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/queues/juice`);
    const others = await browser.open(`${api.origin}/queues`);

    await page.getByRole('button', { name: 'Pause …' }).first().click();
    await page.getByLabel('Reason').fill('the press is being cleaned');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText('Nothing of it begins.').waitFor();
    await others.getByText('the press is being cleaned').waitFor();
    const { id } = await api.tests.tasks.enqueue(task, {});
    await page.getByRole('link', { name: /^Waiting 1 / }).waitFor();
    expect(await api.tests.tasks.get(id)).toMatchObject({ status: 'QUEUED' });

    await page.getByRole('button', { name: 'Resume' }).click();

    expect(await api.tests.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
    await page.getByRole('link', { name: /^Succeeded 1 / }).waitFor();
    await page.getByText('Nothing of it begins.').waitFor({ state: 'detached' });
  },
);

test.skipIf(noBrowser)('a queue is purged after it has said how many tasks that would cancel', async () => {
  const gate = new Gate();
  const task = press(gate);
  await using api = await TestApi.start([task], { concurrency: 1 });
  await using browser = await TestBrowser.start();
  const running = await api.tests.tasks.enqueue(task, {});
  await api.tests.reached(running.id, ({ status }) => status === 'RUNNING');
  for (let count = 0; count < 3; count += 1) await api.tests.tasks.enqueue(task, {});
  const page = await browser.open(`${api.origin}/queues/juice`);

  await page.getByRole('button', { name: 'Purge …' }).click();
  await page.getByRole('dialog').getByText('3 tasks wait').waitFor();
  expect(await api.tests.tasks.count({ statuses: ['QUEUED'] })).toMatchObject({ count: 3 });
  await page.getByRole('button', { name: 'Cancel 3 tasks' }).click();

  await page.getByText('3 tasks of juice were canceled.').waitFor();
  await page.getByRole('link', { name: /^Canceled 3 / }).waitFor();
  expect(await api.tests.tasks.get(running.id)).toMatchObject({ status: 'RUNNING' });
  gate.open();
  await api.tests.finished(running.id);
});

test.skipIf(noBrowser)(
  'limits are set and taken away, a wrong one is refused in the dialog, and a definition is paused by itself',
  async () => {
    const gate = new Gate();
    const task = press(gate);
    await using api = await TestApi.start([task]);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/queues/juice`);
    const running = await Promise.all([0, 1].map(async () => await api.tests.tasks.enqueue(task, {})));
    for (const { id } of running) await api.tests.reached(id, ({ status }) => status === 'RUNNING');

    await page.getByRole('button', { name: 'Edit …' }).click();
    await page.getByLabel('Side by side').fill('-1');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').getByRole('alert').waitFor();
    await page.getByLabel('Side by side').fill('1e');
    await page.getByText('Expected a whole number, or nothing for no limit.').waitFor();
    expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await page.getByLabel('Side by side').fill('2');
    await page.getByLabel('May wait').fill('5');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('meter', { name: 'Running under the limit of the queue' }).waitFor();
    await page.getByText('0 of at most 5 wait').waitFor();
    await api.tests.tasks.enqueue(task, {});
    await page.getByText('holds up what waits').waitFor();
    await page.getByRole('button', { name: 'Edit …' }).click();
    await page.getByLabel('Side by side').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('As much of it runs as its workers have slots.').waitFor();

    await page.getByRole('row', { name: /press/ }).getByRole('button', { name: /Pause/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Resume press' }).waitFor();
    expect((await api.tests.tasks.queues.get('juice'))?.pausedDefinitions).toMatchObject([{ name: 'press' }]);
    gate.open();
  },
);

test.skipIf(noBrowser)(
  'nobody is shut out of the pages of queues, in light and dark, and on a phone nothing sticks out',
  async () => {
    await using api = await TestApi.start([press(new Gate())], { workers: 0 });
    await using browser = await TestBrowser.start();
    await api.tests.tasks.queues.pause('juice', { reason: 'closed', actor: 'ann' });
    await api.tests.tasks.enqueue('press', {});

    for (const path of ['/queues', '/queues/juice']) {
      const page = await browser.open(`${api.origin}${path}`, { viewport: { width: 390, height: 844 } });
      await page.getByText('closed').waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      expect(await seriousBarriers(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await seriousBarriers(page)).toEqual([]);
    }
  },
);
