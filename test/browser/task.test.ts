import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { TestApi } from '../server/test-api.ts';
import { double, forever, Gate } from '../support/definitions.ts';
import { everywhere, noBrowser, seriousBarriers, TestBrowser, useBrowser } from '../support/test-browser.ts';
import { TestTokens } from '../support/tokens.ts';

useBrowser();

const status = (page: Page, name: string) => page.locator('main header').getByText(name, { exact: true });
const panel = (page: Page, title: string) =>
  page.locator('section').filter({ has: page.getByRole('heading', { level: 2, name: title, exact: true }) });

/** Fails at first, and again when it is tried once more until the gate is opened. */
const flaky = (gate: Gate) =>
  defineTask({
    name: 'flaky',
    retry: { attempts: 1 },
    async run(_input, { attempt, log, stream }) {
      log.warn(`attempt ${attempt} has begun`, { attempt });
      if (attempt === 1) throw new Error('The disk is full.');
      await stream('answer').write('better now');
      await gate.opened;
    },
  });

/** Notes it in the page, which forgets it if it is loaded anew. */
async function markPage(page: Page): Promise<() => Promise<void>> {
  await page.evaluate('window.isMarked = true');
  return async () => expect(await page.evaluate('window.isMarked')).toBe(true);
}

test.skipIf(noBrowser)(
  'progress moves while one looks, tells how long it will still take, and ends with what came out',
  async () => {
    const gates = Array.from({ length: 500 }, () => new Gate());
    const climb = defineTask({
      name: 'climb',
      output: (t) => ({ steps: t.int(), place: t.string() }),
      async run(_input, { progress }) {
        for (const [index, gate] of gates.entries()) {
          await gate.opened;
          await progress({ fraction: (index + 1) / 500, message: `step ${index + 1}` });
        }
        return { steps: 500, place: 'the top' };
      },
    });
    await using api = await TestApi.start([climb]);
    await using browser = await TestBrowser.start();
    const { id } = await api.tests.tasks.enqueue(climb, {});
    const page = await browser.open(`${api.origin}/tasks/${id}`);
    await status(page, 'Running').waitFor();
    const isStillThere = await markPage(page);

    const left = page.getByText(/^about .+ left$|^done any moment$/);
    // A step at a time, and no faster than the page shows it: after a while their pace is known.
    let steps = 0;
    while (steps < 3 || (await left.count()) === 0) {
      gates[steps]?.open();
      steps += 1;
      await page.getByText(`${steps / 5} %`, { exact: true }).waitFor();
      await page.getByText(`step ${steps}`, { exact: true }).waitFor();
    }
    const bar = page.getByRole('progressbar', { name: 'Progress of climb' }).first();
    expect(await bar.getAttribute('aria-valuenow')).toBe(String(steps / 5));
    for (const gate of gates) gate.open();

    await status(page, 'Succeeded').waitFor();
    expect(await panel(page, 'Output').getByRole('listitem').allInnerTexts()).toEqual([
      expect.stringMatching(/^steps\s*500$/),
      expect.stringMatching(/^place\s*the top$/),
    ]);
    expect(await left.count()).toBe(0);
    await isStillThere();
  },
);

test.skipIf(noBrowser)('who cancels a task says why, and the page says who it was', async () => {
  const tokens = new TestTokens();
  await using api = await TestApi.start([forever], { authenticator: tokens });
  await using browser = await TestBrowser.start();
  const { id } = await api.tests.tasks.enqueue(forever, {}, { owner: 'ann' });
  const page = await browser.open(`${api.origin}/tasks/${id}`, { token: tokens.make('ann') });

  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('heading', { name: 'Cancel forever?' }).waitFor();
  await page.getByRole('button', { name: 'Keep it' }).click();
  await page.keyboard.press('c');
  await page.getByLabel('Reason').fill('the wrong file');
  await page.getByRole('button', { name: 'Cancel the task' }).click();

  await status(page, 'Canceled').waitFor();
  await page.getByText(/^Cancel asked for by ann .*: “the wrong file”$/).waitFor();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await page.getByRole('button', { name: 'Cancel', exact: true }).count()).toBe(0);
});

test.skipIf(noBrowser)(
  'a failed task says why, and comes back to life before one’s eyes, whoever retries it',
  async () => {
    const gate = new Gate();
    const task = flaky(gate);
    await using api = await TestApi.start([task]);
    await using browser = await TestBrowser.start();
    const { id } = await api.tests.tasks.enqueue(task, {});
    const own = await browser.open(`${api.origin}/tasks/${id}`);
    const others = await browser.open(`${api.origin}/tasks/${id}`);
    for (const page of [own, others]) {
      await status(page, 'Failed').waitFor();
      await page.getByText('The disk is full.').first().waitFor();
      await page.getByText('attempt 1 has begun').waitFor();
    }

    await own.getByRole('button', { name: 'Retry' }).click();

    for (const page of [own, others]) {
      await status(page, 'Running').waitFor();
      await page.getByText('attempt 2 has begun').waitFor();
      await page.getByRole('tab', { name: 'answer' }).waitFor();
    }
    gate.open();
    for (const page of [own, others]) {
      await status(page, 'Succeeded').waitFor();
      const attempts = panel(page, 'Attempts').locator('ol > li');
      await attempts.nth(1).getByText('Succeeded').waitFor();
      expect(await attempts.allInnerTexts()).toEqual([
        expect.stringMatching(/^#1\s+Failed/),
        expect.stringMatching(/^#2\s+Succeeded/),
      ]);
    }
  },
);

test.skipIf(noBrowser)(
  'a replay leads to the new task, and with another input it is the other one that runs',
  async () => {
    await using api = await TestApi.start([double]);
    await using browser = await TestBrowser.start();
    const first = await api.enqueueDouble(21);
    const page = await browser.open(`${api.origin}/tasks/${first}`);
    await status(page, 'Succeeded').waitFor();

    await page.getByRole('button', { name: 'Replay' }).click();
    await page.waitForURL((url) => !url.pathname.endsWith(first));
    const second = new URL(page.url()).pathname;
    await panel(page, 'Comes from').getByRole('link', { name: 'double' }).waitFor();
    await panel(page, 'Output').getByText('42').waitFor();

    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Replay with edited input…' }).click();
    await page.getByRole('heading', { level: 1, name: 'Replay double' }).waitFor();
    const enqueue = page.getByRole('button', { name: 'Enqueue', exact: true });
    const n = page.getByLabel('n', { exact: true });
    expect(await n.inputValue()).toBe('21');
    await n.fill('seven');
    await enqueue.click();
    await page.getByText('Expected a whole number, got "seven".').waitFor();
    expect(await n.evaluate('document.activeElement.getAttribute("aria-invalid")')).toBe('true');
    await page.getByRole('button', { name: 'JSON', exact: true }).click();
    const json = page.getByRole('textbox', { name: 'Input as JSON' });
    await json.fill('{ "n": 7');
    await page.getByText("That isn't JSON:").waitFor();
    await json.fill('{ "n": 7 }');
    await enqueue.click();

    await page.waitForURL(/\/tasks\/./);
    expect(new URL(page.url()).pathname).not.toBe(second);
    await panel(page, 'Output').getByText('14').waitFor();
    await panel(page, 'Input').getByText('7', { exact: true }).waitFor();
  },
);

test.skipIf(noBrowser)(
  'why a task waits is said, with the way to where it can be mended, and it goes on when it is',
  async () => {
    await using api = await TestApi.start([double]);
    await using browser = await TestBrowser.start();
    await api.http('mutation { pauseQueue(name: "default", reason: "a move") { queue { name } } }');
    const id = await api.enqueueDouble(21);
    const page = await browser.open(`${api.origin}/tasks/${id}`);

    const why = page.getByRole('list', { name: 'Why it waits' });
    await why.getByText(/is paused since .*a move/).waitFor();
    const href = await why.getByRole('link', { name: 'To the queue' }).getAttribute('href');
    expect(href).toBe('/queues/default');
    expect(await status(page, 'Queued').count()).toBe(1);

    await api.http('mutation { resumeQueue(name: "default") { queue { name } } }');

    await status(page, 'Succeeded').waitFor();
    expect(await why.count()).toBe(0);
  },
);

test.skipIf(noBrowser)('who may only read tasks sees why one waits while that changes', async () => {
  const tokens = new TestTokens();
  await using api = await TestApi.start([double], { authenticator: tokens });
  const { tasks } = api.tests;
  const { queues } = tasks;
  await queues.pauseDefinition('double');
  const { id } = await tasks.enqueue(double, { n: 21 }, { owner: 'ann' });
  await using browser = await TestBrowser.start();
  const token = tokens.make('ann', undefined, ['tasks:read']);
  const page = await browser.open(`${api.origin}/tasks/${id}`, { token });
  const why = page.getByRole('list', { name: 'Why it waits' });
  await why.getByText('The definition double is paused').waitFor();
  expect(await why.getByRole('listitem').count()).toBe(1);

  await queues.pause('default');
  await why.getByText('The queue default is paused').waitFor();
  await queues.resumeDefinition('double');
  await why.getByText('The definition double is paused').waitFor({ state: 'detached' });

  expect(await why.getByText('The queue default is paused').count()).toBe(1);
});

test.skipIf(noBrowser)(
  'what is copied as a command enqueues the same in a shell, and holds no token',
  async () => {
    const tokens = new TestTokens();
    await using api = await TestApi.start([double], { authenticator: tokens });
    await using browser = await TestBrowser.start();
    const token = tokens.make('ann');
    const { id } = await api.tests.tasks.enqueue(double, { n: 21 }, { owner: 'ann', tags: ["it's"] });
    const page = await browser.open(`${api.origin}/tasks/${id}`, { token });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await status(page, 'Succeeded').waitFor();
    const copied = async (label: string): Promise<string> => {
      await page.getByRole('button', { name: 'Copy as' }).click();
      await page.getByRole('menuitem', { name: label }).click();
      await page.getByText('Copied: ').last().waitFor();
      return await page.evaluate<string>('navigator.clipboard.readText()');
    };

    const follow = await copied('GraphQL: follow it');
    await page.getByRole('button', { name: 'Dismiss' }).click();
    const command = await copied('curl: enqueue it again');

    expect(follow).toContain('taskUpdated(id: $id)');
    expect(follow).toContain(id);
    expect(command).not.toContain(token);
    const env = { ...process.env, TASKWIRE_TOKEN: token };
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], { env });
    const { data } = JSON.parse(stdout);
    expect(await api.tests.finished(data.double.task.id)).toMatchObject({
      owner: 'ann',
      tags: ["it's"],
      output: { n: 42 },
    });
  },
);

test.skipIf(noBrowser)('what the browser lets nobody copy isn’t told to be copied', async () => {
  await using api = await TestApi.start([double]);
  await using browser = await TestBrowser.start();
  const { id } = await api.tests.tasks.enqueue(double, { n: 21 });
  const page = await browser.open(`${api.origin}/tasks/${id}`);
  const copy = page.getByRole('button', { name: 'Copy the id' });
  await copy.waitFor();

  await page.evaluate("navigator.clipboard.writeText = async () => { throw new Error('Not allowed.'); }");
  await copy.click();
  await page.getByText('Not copied: ').waitFor();
  await page.getByRole('button', { name: 'Dismiss' }).click();
  // As over HTTP in a local network.
  await page.evaluate("Object.defineProperty(window, 'isSecureContext', { value: false })");
  await page.evaluate('document.execCommand = () => false');
  await copy.click();
  await page.getByText('Not copied: ').waitFor();

  expect(await page.getByRole('button', { name: 'Copied' }).count()).toBe(0);
});

test.skipIf(noBrowser)('a task that isn’t there, or is somebody else’s, is told of in words', async () => {
  const tokens = new TestTokens();
  await using api = await TestApi.start([forever], { authenticator: tokens });
  await using browser = await TestBrowser.start();
  const theirs = await api.tests.tasks.enqueue(forever, {}, { owner: 'bob' });
  const own = await api.tests.tasks.enqueue(forever, {}, { owner: 'ann' });
  const token = tokens.make('ann', undefined, ['tasks:read']);
  const page = await browser.open(`${api.origin}/tasks/${theirs.id}`, { token });

  await page.getByText('There is no task of this id that you may see.').waitFor();
  await page.goto(`${api.origin}/tasks/nonsense`);
  await page.getByText('There is no task of this id that you may see.').waitFor();
  await page.getByRole('link', { name: 'To all tasks' }).click();
  await page.locator(`[id="row-${own.id}"]`).click();

  // Who may only read is offered nothing but a copy.
  await status(page, 'Running').waitFor();
  const offered = page.locator('main header').first().getByRole('button');
  expect(await offered.allInnerTexts()).toEqual(['', 'Copy as']);
});

test.skipIf(noBrowser)(
  'nobody is shut out, and nothing sticks out: in light, in dark, on a phone',
  async () => {
    const gate = new Gate();
    const task = flaky(gate);
    const work = defineTask({
      name: 'work',
      input: (t) => ({ file: t.string({ required: true }) }),
      async run({ file }, { log, progress, stream, signal }) {
        log.info(`reads ${file}`, { file });
        log.error('a line is broken', { line: 7 });
        await stream('answer').write('so far');
        await progress({ fraction: 0.4, message: 'reading', data: { lines: [1, 2] } });
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    });
    await using api = await TestApi.start([task, work]);
    await using browser = await TestBrowser.start();
    const failed = await api.tests.tasks.enqueue(task, {}, { tags: ['eu'] });
    const file = `${'a-long-name-of-a-file-'.repeat(8)}.csv`;
    const running = await api.tests.tasks.enqueue(work, { file });

    const page = await browser.open(`${api.origin}/tasks/${failed.id}`);
    await status(page, 'Failed').waitFor();
    await page.getByText('attempt 1 has begun').waitFor();
    await everywhere(page, async () => expect(await seriousBarriers(page)).toEqual([]));
    await page.goto(`${api.origin}/tasks/${running.id}`);
    await page.getByText('40 %').waitFor();
    await page.getByText('a line is broken').waitFor();
    await page.getByLabel('Search the log').fill('line');
    await panel(page, 'Input').getByText(file).waitFor();
    await everywhere(page, async (width) => {
      expect(await seriousBarriers(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    });
  },
);
