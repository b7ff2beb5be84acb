import { createHash, randomFillSync } from 'node:crypto';
import { decodeTime, encodeTime, ulid } from 'ulid';

const pattern = /^([a-z][A-Za-z0-9-]{0,47})_[0-9a-hjkmnp-tv-z]{26}$/;
const schedulePattern = /^([a-z][A-Za-z0-9-]{0,47})_schedule_[0-9a-hjkmnp-tv-z]{26}$/;
const batchPattern = /^([a-z][A-Za-z0-9-]{0,47})_batch_[0-9a-hjkmnp-tv-z]{26}$/;

/** A new task id: its queue, then a part that sorts by time (https://github.com/ulid/spec, lower case). */
export function createId(queue: string): string {
  return `${queue}_${newPart()}`;
}

/** Random bytes for many ids: `ulid` by itself asks the system for each of the sixteen of one. */
const pool = Buffer.alloc(4096);
let used = pool.length;

/** A random number from 0 to less than 1, of which there are 256: each is as likely, and so is each of 32 characters. */
function random(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 1;
  return pool.readUInt8(used - 1) / 256;
}

function newPart(): string {
  return ulid(undefined, random).toLowerCase();
}

/** The queue that an id names, so that any process finds its record; undefined where it is no task id. */
export function queueOf(id: string): string | undefined {
  return pattern.exec(id)?.[1];
}

/** A new schedule's id, which is no task's. */
export function createScheduleId(queue: string): string {
  return `${queue}_schedule_${newPart()}`;
}

/** The id of a definition's own schedule: the same in all processes. */
export function codeScheduleId(queue: string, definition: string, name: string): string {
  return `${queue}_schedule_${digest(`${definition} ${name}`, 26)}`;
}

/** The queue that a schedule's id names; undefined where it is none. */
export function scheduleQueueOf(id: string): string | undefined {
  return schedulePattern.exec(id)?.[1];
}

/** The id of the task that a schedule makes for a slot (ms): a slot has one, whoever makes it. */
export function slotTaskId(schedule: string, slot: number): string {
  const time = encodeTime(slot, 10).toLowerCase();
  return `${scheduleQueueOf(schedule)}_${time}${digest(`${schedule} ${slot}`, 16)}`;
}

/** The time (ms) that an id was made of: for a task of a schedule the slot. */
export function timeOf(id: string): number {
  return decodeTime(id.slice(-26).toUpperCase());
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** Characters of ids that say nothing but which text they come from: 5 bits each. */
function digest(text: string, length: number): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, length);
  return Array.from(bytes, (byte) => alphabet.charAt(byte % 32)).join('');
}

/** A new batch id: its queue, that it is a batch, then a part that sorts by time. */
export function createBatchId(queue: string): string {
  return `${queue}_batch_${newPart()}`;
}

/** The queue that a batch id names; undefined where it is none. */
export function queueOfBatch(id: string): string | undefined {
  return batchPattern.exec(id)?.[1];
}

/**
 * The id of the task of a batch's item: the batch's own with the item's place (up to 1,023) at the end. So the same item
 * is the same task, however often it is written.
 */
export function itemId(batch: string, index: number): string {
  const place = `${alphabet.charAt(index >> 5)}${alphabet.charAt(index & 31)}`;
  return `${batch.replace('_batch_', '_').slice(0, -place.length)}${place}`;
}
