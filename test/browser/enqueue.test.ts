import { expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { TestApi } from '../server/test-api.ts';
import { everywhere, noBrowser, seriousBarriers, TestBrowser, useBrowser } from '../support/test-browser.ts';

useBrowser();

const printBook = defineTask({
  name: 'printBook',
  description: 'Prints a book, with its `cover`.',
  input: (t) => ({
    title: t.field({ type: 'NonEmptyString', required: true, description: 'As on the cover.' }),
    copies: t.field({ type: 'PositiveInt', required: true, defaultValue: 1 }),
    mail: t.field({ type: 'EmailAddress' }),
    at: t.field({ type: 'DateTimeISO' }),
    zone: t.field({ type: 'TimeZone' }),
    colour: t.enum('CoverColour', { RED: 'As blood.', BLUE: 'As the sky.' }, { required: true }),
    size: t.object('BookSize', (t) => ({ width: t.float({ required: true }), height: t.float() })),
    chapters: t.objectList('BookChapter', (t) => ({ name: t.string({ required: true }) }), {
      required: true,
    }),
    isSigned: t.boolean(),
    password: t.string({ secret: true }),
    extra: t.field({ type: 'JSON' }),
  }),
  output: (t) => ({ seen: t.string() }),
  validate: ({ title }) => (title === 'Taken' ? { path: ['title'], message: 'There is such a book.' } : []),
  run: (input) => ({ seen: JSON.stringify(input) }),
});

test.skipIf(noBrowser)(
  'a form with a field of every kind enqueues a task with just what was filled in, and leads to it',
  async () => {
    await using api = await TestApi.start([printBook]);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/enqueue`);
    await page.getByLabel('Search definitions').fill('book print');
    await page.getByRole('link', { name: 'printBook' }).click();

    await page.getByLabel('title', { exact: true }).fill('Emma');
    await page.getByLabel('mail', { exact: true }).fill('ada@example.com');
    await page.getByLabel('colour', { exact: true }).selectOption({ label: 'BLUE – As the sky.' });
    await page.getByRole('button', { name: 'Add size' }).click();
    await page.getByLabel('width', { exact: true }).fill('12.5');
    await page.getByRole('button', { name: 'Add to chapters' }).click();
    await page.getByLabel('name', { exact: true }).fill('One');
    await page.getByRole('button', { name: 'Add to chapters' }).click();
    await page.getByLabel('name', { exact: true }).nth(1).fill('Two');
    await page.getByRole('button', { name: 'Move chapters 2 up' }).click();
    await page.getByRole('radio', { name: 'true' }).check();
    await page.getByLabel('password', { exact: true }).fill('hush');
    await page.getByLabel('extra', { exact: true }).fill('{ "a": [1] }');
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(/\/tasks\/./);

    const id = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1) ?? '');
    const task = await api.tests.finished(id);
    expect(task.status).toBe('SUCCEEDED');
    const { data } = await api.http('query($id: ID!) { task(id: $id) { outputJson } }', { id });
    expect(JSON.parse(data.task.outputJson.seen)).toEqual({
      title: 'Emma',
      copies: 1,
      mail: 'ada@example.com',
      colour: 'BLUE',
      size: { width: 12.5 },
      chapters: [{ name: 'Two' }, { name: 'One' }],
      isSigned: true,
      password: 'hush',
      extra: { a: [1] },
    });
  },
);

test.skipIf(noBrowser)(
  'what is wrong is shown at its field, which gets the focus, whoever finds it',
  async () => {
    await using api = await TestApi.start([printBook]);
    await using browser = await TestBrowser.start();
    const input = encodeURIComponent(JSON.stringify({ colour: 'RED', chapters: [], password: 'hush' }));
    const page = await browser.open(`${api.origin}/enqueue/printBook?input=${input}`, { expected: /400/ });
    const title = page.getByLabel('title', { exact: true });
    await title.waitFor();
    expect(await page.getByLabel('password', { exact: true }).inputValue()).toBe('');

    await page.getByRole('button', { name: 'Enqueue', exact: true }).click();
    await page.getByText('Expected a value, as it is required.').waitFor();
    expect(await title.evaluate('document.activeElement.getAttribute("aria-invalid")')).toBe('true');
    await title.fill('Taken');
    await page.getByRole('button', { name: 'Enqueue', exact: true }).click();
    await page.getByText('There is such a book.').waitFor();

    expect(await title.getAttribute('aria-invalid')).toBe('true');
    await title.fill('Free');
    expect(await page.getByText('There is such a book.').count()).toBe(0);
  },
);

test.skipIf(noBrowser)(
  'nothing of the form is out of reach for who cannot see it, in light and dark, and on a phone',
  async () => {
    await using api = await TestApi.start([printBook]);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/enqueue/printBook`);
    await page.getByRole('button', { name: 'Add size' }).click();
    await page.getByRole('button', { name: 'Add to chapters' }).click();

    await everywhere(page, async () => expect(await seriousBarriers(page)).toEqual([]));
    await page.getByRole('button', { name: 'JSON', exact: true }).click();
    await everywhere(page, async () => expect(await seriousBarriers(page)).toEqual([]));
  },
);
