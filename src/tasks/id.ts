import { ulid } from 'ulid';

const pattern = /^([a-z][A-Za-z0-9-]{0,47})_[0-9a-hjkmnp-tv-z]{26}$/;

/** A new task id: its queue, then a part that sorts by time (https://github.com/ulid/spec, lower case). */
export function createId(queue: string): string {
  return `${queue}_${ulid().toLowerCase()}`;
}

/** The queue that an id names, so that any process finds its record; undefined where it is no task id. */
export function queueOf(id: string): string | undefined {
  return pattern.exec(id)?.[1];
}
