import { defineTask, NonRetryableError } from '../../../src/index.ts';

// What a million tasks are of: three definitions in queues of their own, of which workers serve one.

export const resizeImage = defineTask({
  name: 'resizeImage',
  description: 'Waits, as no worker serves its queue.',
  queue: 'images',
  input: (t) => ({ url: t.string({ required: true }), width: t.int({ required: true }) }),
  run: () => undefined,
});

export const syncCustomer = defineTask({
  name: 'syncCustomer',
  description: 'Is enqueued for a later day.',
  queue: 'crm',
  input: (t) => ({ customer: t.string({ required: true }) }),
  run: () => undefined,
});

export const sendReceipt = defineTask({
  name: 'sendReceipt',
  description: 'Ends at once: one in ten fails.',
  queue: 'mail',
  input: (t) => ({ order: t.int({ required: true }) }),
  output: (t) => ({ sent: t.boolean() }),
  run({ order }) {
    if (order % 10 === 0) throw new NonRetryableError(`Order ${order} has no address.`);
    return { sent: true };
  },
});

export const definitions = [resizeImage, syncCustomer, sendReceipt];
