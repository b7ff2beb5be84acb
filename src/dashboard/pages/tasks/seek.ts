import type { Client } from 'urql';
import { uncached } from '../../client/client.ts';
import type { TaskFilter } from './filter.ts';
import { tasksProbe } from './row.ts';

/** A task of the list and its place in it, counted from 0. */
export interface Found {
  readonly cursor: string;
  readonly place: number;
}

/** The same with when it was created. */
interface Mark extends Found {
  readonly at: number;
}

/** So many times at most it is looked between two marks: half of them halve the time, however unevenly tasks have come. */
const looks = 20;

/**
 * About the row at a place of a list, however long it is: cursors stand for times, so that it is looked for
 * between the first and the last by how many were created before. Undefined where that is the head.
 *
 * @throws CombinedError what the API says where it can't be looked for
 */
export async function taskAt(
  client: Client,
  filter: TaskFilter,
  direction: 'ASC' | 'DESC',
  place: number,
): Promise<Found | undefined> {
  const look = async (filter: TaskFilter, direction: 'ASC' | 'DESC') => {
    const { data, error } = await client.query(tasksProbe, { filter, direction }, uncached).toPromise();
    if (error !== undefined) throw error;
    const edge = data?.tasks.edges[0];
    if (data === undefined || edge === undefined) return undefined;
    return {
      cursor: edge.cursor,
      at: Date.parse(edge.node.createdAt),
      count: data.tasks.totalCount.count,
    };
  };
  const [head, tail] = await Promise.all([
    look(filter, direction),
    look(filter, direction === 'ASC' ? 'DESC' : 'ASC'),
  ]);
  // Off by a screen in a short list, by a pixel of the scroll bar in a long one: nobody counts the rows.
  const nearEnough = Math.max(20, (head?.count ?? 0) / 2000);
  if (head === undefined || tail === undefined || place <= nearEnough) return undefined;
  let low: Mark = { ...head, place: 0 };
  let high: Mark = { ...tail, place: head.count - 1 };
  for (let tries = 0; tries < looks && Math.abs(high.at - low.at) > 1; tries += 1) {
    const even = (place - low.place) / (high.place - low.place);
    const share = tries % 2 === 0 ? Math.min(0.95, Math.max(0.05, even)) : 0.5;
    const time = new Date(Math.round(low.at + share * (high.at - low.at))).toISOString();
    const bound = direction === 'ASC' ? { createdAfter: time } : { createdBefore: time };
    const found = await look({ ...filter, ...bound }, direction);
    if (found === undefined) break;
    const mark = { ...found, place: head.count - found.count };
    if (Math.abs(mark.place - place) <= nearEnough) return mark;
    // Where nothing was created between the two times it is the mark that is known, at another time.
    if (mark.place < place) low = { ...mark, at: Date.parse(time) };
    else high = { ...mark, at: Date.parse(time) };
  }
  return place - low.place < high.place - place ? low : high;
}
