// `npm run screenshots`: each page of the dashboard in light and dark, of a shop at work, into docs/dashboard; and a task from its
// beginning to its end, into docs/dashboard/live-N.png. Takes some four minutes, as charts need something to show.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { systemPackage } from '../support/system-packages.ts';
import { openShop } from './demo/shop.ts';
import { monthlyReport, syncCustomer } from './demo/tasks.ts';

const directory = fileURLToPath(new URL('../../docs/dashboard/', import.meta.url));
const minutes = Number(process.argv[2] ?? 4);
const report = { month: '2026-10', recipients: ['finance@example.com'] };

await promisify(execFile)(process.execPath, [
  fileURLToPath(new URL('../../scripts/dashboard.js', import.meta.url)),
]);
await mkdir(directory, { recursive: true });
const found = await systemPackage('chromium-headless-shell', 'chromium');
if ('missing' in found) throw new Error(found.missing);
await using shop = await openShop();
const browser = await chromium.launch({
  executablePath: found.path,
  args: ['--no-sandbox', '--disable-background-networking'],
});

for (let round = 0; round < minutes * 6; round += 1) {
  await shop.trade();
  await pause(10_000);
}
await shop.tasks.queues.pause('crm', { reason: 'The CRM is being updated until noon.', actor: 'ann' });
await shop.trade();
await followReport();
const { id } = await shop.tasks.enqueue(monthlyReport, report);
const waiting = await shop.tasks.enqueue(syncCustomer, { customer: 'gus' });
const addresses: Readonly<Record<string, string>> = {
  overview: '/',
  tasks: '/tasks',
  task: `/tasks/${id}`,
  waiting: `/tasks/${waiting.id}`,
  enqueue: '/enqueue/monthlyReport',
  queues: '/queues',
  queue: '/queues/images',
  workers: '/workers',
  schedules: '/schedules',
  audit: '/audit',
};
for (const colorScheme of ['light', 'dark'] as const) {
  await shop.trade();
  const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  for (const [name, address] of Object.entries(addresses)) {
    await page.goto(`${shop.url}${address}`);
    await settled(page);
    await page.screenshot({ path: `${directory}${name}-${colorScheme}.png` });
  }
  await context.close();
}
await browser.close();

/** A picture strip of one task, on a phone's width. */
async function followReport(): Promise<void> {
  const context = await browser.newContext({ colorScheme: 'dark', viewport: { width: 420, height: 640 } });
  const page = await context.newPage();
  await page.goto(`${shop.url}/enqueue`);
  await settled(page);
  const { id } = await shop.tasks.enqueue(monthlyReport, report);
  await page.goto(`${shop.url}/tasks/${id}`);
  for (const [index, text] of ['page 2 of 24', 'page 12 of 24', 'Succeeded'].entries()) {
    await page.getByText(text).first().waitFor({ timeout: 60_000 });
    await page.screenshot({ path: `${directory}live-${index + 1}.png` });
  }
  await context.close();
}

/** Waits until the page is live and has drawn what it was told. */
async function settled(page: Page): Promise<void> {
  await page.locator('[data-state=live]').waitFor({ state: 'attached' });
  await pause(1500);
}
