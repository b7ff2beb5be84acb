import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openAuthenticator } from '../../src/auth/authenticator.ts';
import { defineTask } from '../../src/index.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import { TestApi } from '../server/test-api.ts';
import { Gate } from '../support/definitions.ts';
import { testLogger } from '../support/stores.ts';
import { noBrowser, TestBrowser, useBrowser } from '../support/test-browser.ts';

useBrowser();

const status = (page: Page, name: string) => page.locator('main header').getByText(name, { exact: true });
const log = (page: Page) => page.getByRole('log', { name: 'Log' });

/** Says a hundred lines at first, and fifty more for each gate that is opened; every fiftieth one has a needle. */
const talk = (gates: readonly Gate[]) =>
  defineTask({
    name: 'talk',
    output: (t) => ({ lines: t.int() }),
    async run(_input, { log, stream, progress }) {
      let lines = 0;
      const say = (count: number): void => {
        for (; count > 0; count -= 1) {
          lines += 1;
          log.info(lines % 50 === 0 ? `line ${lines}: a Needle` : `line ${lines}`);
        }
      };
      say(100);
      await stream('story').write('Once upon a time ');
      for (const [index, gate] of gates.entries()) {
        await gate.opened;
        say(50);
        await stream('story').write(`there was chapter ${index + 1} `);
        await progress({ message: `chapter ${index + 1}` });
      }
      return { lines };
    },
  });

/** Waits until so many lines have come, whichever are in sight. */
async function hasLines(page: Page, count: number): Promise<void> {
  await page.getByRole('option', { name: `All (${count})` }).waitFor({ state: 'attached' });
}

test.skipIf(noBrowser)(
  'a log is followed as it comes, until one scrolls up, and then again when one says so',
  async () => {
    const gates = [new Gate(), new Gate(), new Gate()];
    const task = talk(gates);
    await using api = await TestApi.start([task]);
    await using browser = await TestBrowser.start();
    const { id } = await api.tests.tasks.enqueue(task, {});
    const page = await browser.open(`${api.origin}/tasks/${id}`);

    await page.getByText('line 100: a Needle').waitFor();
    gates[0]?.open();
    await page.getByText('line 150: a Needle').waitFor();
    // Only what is in sight, and a little around it, is on the page.
    expect(await log(page).getByText(/^line/).count()).toBeLessThan(100);

    await log(page).hover();
    await page.mouse.wheel(0, -1500);
    const follow = page.getByRole('button', { name: 'Follow', exact: true });
    await follow.waitFor();
    const top = (): Promise<number> => log(page).evaluate(({ scrollTop }) => scrollTop);
    const before = await top();
    gates[1]?.open();
    await hasLines(page, 200);
    expect(await top()).toBe(before);
    expect(await page.getByText('line 200: a Needle').count()).toBe(0);

    await follow.click();
    await page.getByText('line 200: a Needle').waitFor();
    gates[2]?.open();
    await page.getByText('line 250: a Needle').waitFor();
    await status(page, 'Succeeded').waitFor();
  },
);

test.skipIf(noBrowser)(
  'what one looks for in a log is counted, marked and gone to, also among lines that come later',
  async () => {
    const gates = [new Gate()];
    const task = talk(gates);
    await using api = await TestApi.start([task]);
    await using browser = await TestBrowser.start();
    const { id } = await api.tests.tasks.enqueue(task, {});
    const page = await browser.open(`${api.origin}/tasks/${id}`);
    await hasLines(page, 100);

    await page.keyboard.press('l');
    await page.keyboard.type('needle');
    await page.getByText('1 of 2', { exact: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('2 of 2', { exact: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('[data-current=true]').getByText('line 50: a Needle').waitFor();
    expect(await page.locator('[data-current=true] mark').allInnerTexts()).toEqual(['Needle']);
    gates[0]?.open();
    await page.getByText('1 of 3', { exact: true }).waitFor();

    await page.getByRole('button', { name: 'Only these' }).click();
    await log(page).getByText('line 51').waitFor({ state: 'detached' });
    expect(await log(page).getByText(/^line/).allInnerTexts()).toEqual([
      'line 50: a Needle',
      'line 100: a Needle',
      'line 150: a Needle',
    ]);
    await page.getByLabel('Search the log').fill('nothing like that');
    await page.getByText('No line is like that.').waitFor();
  },
);

test.skipIf(noBrowser)('a stream is read as it is written, in a tab of its own', async () => {
  const gates = [new Gate(), new Gate()];
  const task = talk(gates);
  await using api = await TestApi.start([task]);
  await using browser = await TestBrowser.start();
  const { id } = await api.tests.tasks.enqueue(task, {});
  const page = await browser.open(`${api.origin}/tasks/${id}`);

  await page.getByRole('tab', { name: 'story' }).click();
  const story = page.getByRole('log', { name: 'Stream story' }).locator('pre');
  await story.getByText(/^Once upon a time\s*$/).waitFor();
  await page.getByText(/^17 characters so far$/).waitFor();
  gates[0]?.open();
  await story.getByText(/^Once upon a time there was chapter 1\s*$/).waitFor();
  gates[1]?.open();

  await story.getByText(/^Once upon a time there was chapter 1 there was chapter 2\s*$/).waitFor();
  await page.getByText(/^57 characters$/).waitFor();
  expect(await page.getByRole('tab', { selected: true }).innerText()).toBe('story');
});

test.skipIf(noBrowser)(
  'who has lost the API misses nothing: what was said meanwhile comes when it is back, and the end as well',
  async () => {
    const gates = [new Gate(), new Gate(), new Gate()];
    const task = talk(gates);
    await using api = await TestApi.start([task]);
    await using browser = await TestBrowser.start();
    const { id } = await api.tests.tasks.enqueue(task, {});
    const page = await browser.open(`${api.origin}/tasks/${id}`, {
      expected: /WebSocket|ERR_CONNECTION_REFUSED/,
    });
    await hasLines(page, 100);
    await page.evaluate('window.isMarked = true');
    const port = Number(new URL(api.origin).port);
    const startAgain = async (): Promise<Server> => {
      const { tasks } = api.tests;
      const server = createServer({ tasks, logger: testLogger, authenticator: openAuthenticator });
      await server.listen(port);
      return server;
    };

    await api.server.close();
    await page.getByText('Connection lost, trying again').waitFor();
    gates[0]?.open();
    await api.tests.reached(id, ({ progress }) => progress?.message === 'chapter 1');
    await using second = await startAgain();
    await hasLines(page, 150);
    await page.getByText('chapter 1', { exact: true }).waitFor();
    gates[1]?.open();
    await hasLines(page, 200);

    await second.close();
    await page.getByText('Connection lost, trying again').waitFor();
    gates[2]?.open();
    await api.tests.finished(id);
    await using third = await startAgain();
    await status(page, 'Succeeded').waitFor();
    await hasLines(page, 250);
    await page.getByText('line 250: a Needle').waitFor();
    expect(await page.getByText(/missing here/).count()).toBe(0);
    expect(await page.evaluate('window.isMarked')).toBe(true);
    expect(third).toBeDefined();
  },
);
