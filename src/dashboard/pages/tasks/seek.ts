import type { Client } from 'urql';
import type { TaskFilter } from './filter.ts';
import { tasksProbe } from './row.ts';

/** A task of the list and its place in it, counted from 0. */
interface Mark {
  readonly cursor: string;
  readonly at: number;
  readonly place: number;
}

/** Off by so many rows is there: nobody counts them. */
const nearEnough = 20;

/**
 * The cursor of about the row at a place of a list, however long it is: cursors stand for times, so that it is looked for
 * between the first and the last by how many were created before. Undefined where that is the head.
 */
export async function cursorAt(
  client: Client,
  filter: TaskFilter,
  direction: 'ASC' | 'DESC',
  place: number,
): Promise<string | undefined> {
  const look = async (filter: TaskFilter, direction: 'ASC' | 'DESC') => {
    const { data } = await client
      .query(tasksProbe, { filter, direction }, { requestPolicy: 'network-only' })
      .toPromise();
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
  if (head === undefined || tail === undefined || place <= nearEnough) return undefined;
  let low: Mark = { ...head, place: 0 };
  let high: Mark = { ...tail, place: head.count - 1 };
  for (let tries = 0; tries < 7 && high.place - low.place > 1; tries += 1) {
    const share = Math.min(0.98, Math.max(0.02, (place - low.place) / (high.place - low.place)));
    const time = new Date(Math.round(low.at + share * (high.at - low.at))).toISOString();
    const bound = direction === 'ASC' ? { createdAfter: time } : { createdBefore: time };
    const found = await look({ ...filter, ...bound }, direction);
    if (found === undefined) break;
    const mark = { ...found, place: head.count - found.count };
    if (Math.abs(mark.place - place) <= nearEnough) return mark.cursor;
    if (mark.place <= low.place || mark.place >= high.place) break;
    if (mark.place < place) low = mark;
    else high = mark;
  }
  return place - low.place < high.place - place ? low.cursor : high.cursor;
}
