import { owners } from './fill.ts';

const owner = owners[7];

/** What is looked for: by each filter of the page, many tasks and few of them, and by two at once where that is more to look for. */
export const searches: readonly string[] = [
  'status:queued',
  'status:failed',
  'status:running',
  'name:resizeImage',
  'queue:crm',
  'tag:shop',
  'tag:sale',
  `owner:${owner}`,
  'Last 15 minutes',
  'Last 24 hours',
  'status:failed name:sendReceipt',
  'tag:shop status:failed',
  'tag:sale status:succeeded',
  'tag:shop status:queued',
  'tag:sale queue:mail status:failed',
  `owner:${owner} status:failed`,
  `owner:${owner} tag:sale`,
  `owner:${owner} name:sendReceipt`,
];
