import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { defineTask } from '../../src/index.ts';
import { connectTasks } from '../../src/tasks/tasks.ts';
import { TestApi } from '../server/test-api.ts';
import { testLogger } from '../support/stores.ts';
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
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Enqueue printBook' }).waitFor();

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

test.skipIf(noBrowser)('what takes no input is enqueued by the keys alone, but not from a link', async () => {
  const ping = defineTask({ name: 'ping', run() {} });
  await using api = await TestApi.start([ping]);
  await using browser = await TestBrowser.start();
  const page = await browser.open(`${api.origin}/enqueue/ping`);
  await page.getByText('It takes no input.').waitFor();

  // It opens the link in another tab, as everywhere.
  await page.getByRole('link', { name: 'All definitions' }).focus();
  const opened = page.context().waitForEvent('page');
  await page.keyboard.press('Control+Enter');
  await (await opened).close();
  expect(page.url()).toMatch(/\/enqueue\/ping$/);
  await page.getByRole('button', { name: 'Clear' }).focus();
  await page.keyboard.press('Control+Enter');

  await page.waitForURL(/\/tasks\/./);
  await page.getByText('It takes none.').waitFor();
  const { name } = await api.tests.finished(new URL(page.url()).pathname.split('/').at(-1) ?? '');
  expect(name).toBe('ping');
});

/** Mail as it was sent once, and as it is sent now. */
const oldMail = defineTask({
  name: 'mail',
  input: (t) => ({
    to: t.string({ required: true }),
    password: t.string({ required: true, secret: true }),
    pin: t.int({ secret: true }),
    copies: t.int(),
    cover: t.string(),
  }),
  run() {},
});
const mail = defineTask({
  name: 'mail',
  input: (t) => ({
    to: t.string({ required: true }),
    password: t.string({ required: true, secret: true }),
    pin: t.int({ secret: true }),
    cover: t.object('MailCover', (t) => ({ colour: t.string({ required: true }) })),
  }),
  output: (t) => ({ seen: t.string() }),
  run: (input) => ({ seen: JSON.stringify(input) }),
});

test.skipIf(noBrowser)(
  'a replay keeps the secrets that one leaves, takes those that one gives, and hides nothing that its form knows no field for',
  async () => {
    await using api = await TestApi.start([mail]);
    await using browser = await TestBrowser.start();
    const before = await connectTasks({ redis: api.tests.redis, definitions: [oldMail], logger: testLogger });
    const input = { to: 'ann', password: 'hunter2', pin: 1234, copies: 3, cover: 'RED' };
    const { id } = await before.enqueue(oldMail, input).finally(async () => await before.close());
    const page = await browser.open(`${api.origin}/enqueue/mail?replay=${id}`);
    const seen = page.getByLabel('to', { exact: true });
    await seen.waitFor();

    // What isn't right any more is marked at once.
    await page.getByText('There is no field copies.').waitFor();
    await page.getByText('Expected an object.').waitFor();
    expect(await page.getByLabel('copies', { exact: true }).inputValue()).toBe('3');
    expect(await page.getByLabel('cover', { exact: true }).inputValue()).toBe('"RED"');
    await page.getByText('Left as it is, it keeps the value of the original.').first().waitFor();
    expect(await seriousBarriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Remove copies' }).click();
    expect(await page.evaluate('document.activeElement.id')).toBe(
      await page.getByLabel('cover', { exact: true }).getAttribute('id'),
    );
    // It isn't taken from under who types, though `{}` would do.
    await page.keyboard.press('Control+A');
    await page.keyboard.type('{}');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.type(' "colour": "RED" ');
    await page.keyboard.press('Tab');
    expect(await page.getByLabel('colour', { exact: true }).inputValue()).toBe('RED');
    await page.getByRole('button', { name: 'Change pin' }).click();
    await page.keyboard.type('4321');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.keyboard.type('mistyped');
    await page.getByRole('button', { name: 'Keep the password of the original' }).click();
    await page.getByRole('button', { name: 'Change password' }).waitFor();
    await seen.fill('bob');
    await page.getByRole('button', { name: 'Enqueue', exact: true }).click();
    await page.waitForURL(/\/tasks\/./);

    const replay = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1) ?? '');
    const { output, replayOf } = await api.tests.finished(replay);
    expect(replayOf).toBe(id);
    expect(JSON.parse((output as { readonly seen: string }).seen)).toEqual({
      to: 'bob',
      password: 'hunter2',
      pin: 4321,
      cover: { colour: 'RED' },
    });
  },
);

test.skipIf(noBrowser)(
  'what the form holds is copied as a command that enqueues it in a shell, without its secrets',
  async () => {
    await using api = await TestApi.start([printBook]);
    await using browser = await TestBrowser.start();
    const page = await browser.open(`${api.origin}/enqueue/printBook`);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const copied = async (label: string): Promise<string> => {
      await page.getByRole('button', { name: 'Copy as' }).click();
      await page.getByRole('menuitem', { name: label }).click();
      await page.getByText(label.startsWith('curl') ? 'Copied: a command' : 'Copied: the mutation').waitFor();
      return await page.evaluate<string>('navigator.clipboard.readText()');
    };
    await page.getByLabel('title', { exact: true }).fill("It's");
    await page.getByLabel('colour', { exact: true }).selectOption({ index: 1 });
    await page.getByLabel('extra', { exact: true }).fill('{ "a":');
    await page.getByRole('button', { name: 'Copy as' }).click();
    await page.getByRole('menuitem', { name: 'curl: enqueue it' }).click();
    await page.getByText('Not copied: what is marked has to be JSON first.').waitFor();
    await page.getByLabel('extra', { exact: true }).fill('');

    const command = await copied('curl: enqueue it');
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command]);
    const { output } = await api.tests.finished(JSON.parse(stdout).data.printBook.task.id);
    expect(JSON.parse((output as { readonly seen: string }).seen)).toMatchObject({
      title: "It's",
      chapters: [],
    });
    await page.getByLabel('password', { exact: true }).fill('hush');
    const document = await copied('GraphQL: enqueue it');
    await page.getByText('put each in place of its "<secret of …>": password.').waitFor();

    expect(document).toContain('printBook(input: $input)');
    expect(document).toContain('"password": "<secret of password>"');
    expect(document).not.toContain('hush');
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

    const look = async (width: number): Promise<void> => {
      expect(await seriousBarriers(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    };
    await everywhere(page, look);
    await page.setViewportSize({ width: 320, height: 640 });
    await look(320);
    await page.getByRole('button', { name: 'JSON', exact: true }).click();
    await everywhere(page, look);
  },
);

test.skipIf(noBrowser)('a replay fits on the narrowest of phones, however long its names are', async () => {
  const field = 'passwordOfTheAccountThatSendsWhateverIsToBeSentToThem';
  const send = defineTask({
    name: 'send',
    input: (t) => ({ [field]: t.string({ secret: true }) }),
    run() {},
  });
  await using api = await TestApi.start([send]);
  await using browser = await TestBrowser.start();
  const { id } = await api.tests.tasks.enqueue(send, { [field]: 'hunter2' });
  const page = await browser.open(`${api.origin}/enqueue/send?replay=${id}`, {
    viewport: { width: 320, height: 640 },
  });

  await page.getByRole('button', { name: `Change ${field}` }).click();
  await page.getByRole('button', { name: `Keep the ${field} of the original` }).waitFor();

  const beyond = await page.evaluate<readonly string[]>(`[...document.querySelectorAll('form *')]
    .filter((element) => element.getBoundingClientRect().right > innerWidth)
    .map((element) => element.outerHTML)`);
  expect(beyond).toEqual([]);
});

/** Tells in its output what it was given. */
const keep = defineTask({
  name: 'keep',
  input: (t) => ({
    doors: t.objectList(
      'Door',
      (t) => ({ name: t.string({ required: true }), key: t.string({ secret: true }) }),
      { required: true },
    ),
  }),
  output: (t) => ({ seen: t.string() }),
  run: (input) => ({ seen: JSON.stringify(input) }),
});

test.skipIf(noBrowser)(
  'each item of a list keeps the secret that it had in the original, wherever it is moved and however it is edited',
  async () => {
    await using api = await TestApi.start([keep]);
    await using browser = await TestBrowser.start();
    const doors = [
      { name: 'a1', key: 'k1' },
      { name: 'a12', key: 'k2' },
    ];
    const { id } = await api.tests.tasks.enqueue(keep, { doors });
    const page = await browser.open(`${api.origin}/enqueue/keep?replay=${id}`);
    const keeps = page.getByRole('button', { name: 'Keep the key of the original' });
    await page.getByRole('button', { name: 'Change key' }).first().click();
    await page.keyboard.type('k3');
    await page.getByRole('button', { name: 'Show key' }).click();
    await keeps.waitFor();

    // What is new has nothing to keep, whichever place it takes; what is moved still has, and is shown as it was.
    await page.getByRole('button', { name: 'Add to doors' }).click();
    await page.keyboard.type('new');
    await page.getByRole('button', { name: 'Move doors 3 up' }).click();
    expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('Move doors 2 up');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('Move doors 1 down');
    expect(await keeps.count()).toBe(1);
    const keys = page.getByLabel('key', { exact: true });
    expect(await keys.nth(0).getAttribute('type')).toBe('password');
    expect(await keys.nth(1).getAttribute('type')).toBe('text');
    expect(await keys.nth(1).inputValue()).toBe('k3');
    await page.getByRole('button', { name: 'Remove doors 1' }).click();
    expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('Remove doors 1');

    // Through the JSON and back.
    await page.getByRole('button', { name: 'JSON', exact: true }).click();
    await page.getByRole('button', { name: 'Form', exact: true }).click();
    await keeps.waitFor();
    // At `a12` it is called as the other one.
    await page.getByRole('button', { name: 'JSON', exact: true }).click();
    const json = page.getByRole('textbox', { name: 'Input as JSON' });
    await json.focus();
    const toName = ['Control+Home', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'End', 'ArrowLeft', 'ArrowLeft'];
    for (const key of toName) await page.keyboard.press(key);
    await page.keyboard.type('23');
    await page.getByRole('button', { name: 'Enqueue', exact: true }).click();
    await page.waitForURL(/\/tasks\/./);

    const replay = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1) ?? '');
    const { output } = await api.tests.finished(replay);
    expect(JSON.parse((output as { readonly seen: string }).seen).doors).toEqual([
      { name: 'a123', key: 'k3' },
      { name: 'a12', key: 'k2' },
    ]);
  },
);

test.skipIf(noBrowser)(
  'a replay of what takes no input any more shows what it took, and why it is refused',
  async () => {
    const before = defineTask({ name: 'ping', input: (t) => ({ host: t.string() }), run() {} });
    const ping = defineTask({ name: 'ping', run() {} });
    await using api = await TestApi.start([ping]);
    await using browser = await TestBrowser.start();
    const old = await connectTasks({ redis: api.tests.redis, definitions: [before], logger: testLogger });
    const { id } = await old.enqueue(before, { host: 'a.example' }).finally(async () => await old.close());
    const page = await browser.open(`${api.origin}/enqueue/ping?replay=${id}`, { expected: /400/ });

    await page.getByText('a.example').waitFor();
    await page.getByRole('button', { name: 'Enqueue', exact: true }).click();

    await page.getByRole('alert').getByText('Expected no input: this task takes none.').waitFor();
    expect(page.url()).toContain(`?replay=${id}`);
  },
);
