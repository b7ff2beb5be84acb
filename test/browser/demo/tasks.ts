import { setTimeout as pause } from 'node:timers/promises';
import { defineTask, NonRetryableError } from '../../../src/index.ts';

// A shop's background work, made up: what the screenshots show, and what one may play with by hand.

export const resizeImage = defineTask({
  name: 'resizeImage',
  description: 'Scales an image to a width and stores it.',
  queue: 'images',
  input: (t) => ({
    url: t.field({ type: 'URL', required: true, description: 'Where the image is.' }),
    width: t.field({ type: 'PositiveInt', required: true, defaultValue: 800, description: 'In pixels.' }),
    format: t.enum('ImageFormat', ['JPEG', 'PNG', 'WEBP'], { defaultValue: 'WEBP' }),
  }),
  output: (t) => ({ bytes: t.int(), url: t.string() }),
  async run({ url, width }, { progress, signal, log }) {
    log.info('downloading', { url: String(url) });
    for (let step = 1; step <= 8; step += 1) {
      await pause(60 + Math.random() * 160, undefined, { signal });
      await progress({ fraction: step / 8, message: step < 5 ? 'scaling' : 'encoding' });
    }
    return { bytes: width * 131, url: `https://cdn.example.com/${width}/cover.webp` };
  },
});

export const monthlyReport = defineTask({
  name: 'monthlyReport',
  description: 'Draws up the figures of a month for the accountants.',
  queue: 'reports',
  input: (t) => ({
    month: t.string({ required: true, description: 'As 2026-11.' }),
    recipients: t.field({ type: ['EmailAddress'], required: true, description: 'Who gets it.' }),
    sections: t.object('ReportSections', (s) => ({
      revenue: s.boolean({ defaultValue: true }),
      refunds: s.boolean({ defaultValue: true }),
      topProducts: s.int({ defaultValue: 10, description: 'How many.' }),
    })),
  }),
  output: (t) => ({ pages: t.int(), revenue: t.float() }),
  schedule: {
    name: 'monthly',
    cron: '0 6 1 * *',
    timeZone: 'Europe/Berlin',
    input: { month: '2026-10', recipients: ['finance@example.com'] },
  },
  async run({ month }, { progress, log, signal, stream }) {
    const text = stream('summary');
    for (let page = 1; page <= 24; page += 1) {
      await pause(900, undefined, { signal });
      log.info(`page ${page} is set`, { rows: 40 + page, month });
      if (page % 7 === 0) log.warn('an order has no country', { order: 8100 + page });
      await text.write(
        `Page ${page}: revenue grew by ${(page * 0.37).toFixed(1)} % against the month before.\n`,
      );
      await progress({ current: page, total: 24, message: `page ${page} of 24` });
    }
    return { pages: 24, revenue: 184_302.55 };
  },
});

export const syncCustomer = defineTask({
  name: 'syncCustomer',
  description: 'Brings a customer to the CRM, which is slow and not always there.',
  queue: 'crm',
  input: (t) => ({ customer: t.string({ required: true }) }),
  output: (t) => ({ revision: t.int() }),
  retry: { attempts: 4, backoff: { initial: '8s' } },
  limit: { concurrency: 2 },
  async run({ customer }, { attempt, log, progress, signal }) {
    await progress({ fraction: 0.2, message: 'signing in' });
    await pause(700, undefined, { signal });
    if (customer.startsWith('broken'))
      throw new NonRetryableError('The CRM has no field "vatId" for this customer.');
    if (attempt < 3 && customer.startsWith('slow')) {
      log.error('the CRM answered 503', { attempt });
      throw new Error('The CRM answered 503 Service Unavailable.');
    }
    return { revision: attempt };
  },
});

export const importOrders = defineTask({
  name: 'importOrders',
  description: "Reads a day's orders, and resizes the pictures of what is new.",
  queue: 'imports',
  input: (t) => ({ day: t.string({ required: true }), pictures: t.int({ defaultValue: 6 }) }),
  output: (t) => ({ pictures: t.int() }),
  async run({ pictures }, { enqueue, all, log }) {
    log.info('the file has 1,204 orders');
    const children = await Promise.all(
      Array.from({ length: pictures ?? 6 }, async (_, index) => {
        const url = new URL(`https://shop.example.com/products/${index}.jpg`);
        return await enqueue(resizeImage, { url, width: 400 + 100 * index, format: 'WEBP' });
      }),
    );
    await all(children);
    return { pictures: children.length };
  },
});
