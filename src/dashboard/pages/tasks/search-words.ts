import { type ListField, statusOf, type TaskView } from './filter.ts';

/** How the fields of a view are called in the search. */
const fields: Readonly<Record<string, ListField>> = {
  status: 'status',
  is: 'status',
  name: 'name',
  definition: 'name',
  queue: 'queue',
  tag: 'tag',
  owner: 'owner',
  id: 'id',
  batch: 'batch',
  parent: 'parent',
  schedule: 'schedule',
};

const id = /^[a-z][A-Za-z0-9-]{0,47}_[0-9a-hjkmnp-tv-z]{26}$/;

/** What a search came to: the view with all that was understood, and what wasn't. */
export interface Search {
  readonly view: TaskView;
  readonly problem?: string | undefined;
}

/**
 * Adds the words of a search to a view: `status:failed name:resizeImage tag:"two words"`, ids as they are, and a word alone
 * as a status or the name of a definition.
 */
export function search(view: TaskView, text: string): Search {
  const problems: string[] = [];
  let next = view;
  for (const [, field, quoted, plain] of text.matchAll(/(?:(\w+):)?(?:"([^"]*)"|([^\s,]+))/g)) {
    const value = quoted ?? plain ?? '';
    const known = field === undefined ? fieldOf(value) : fields[field.toLowerCase()];
    if (known === undefined) {
      problems.push(`“${field}:” is no field: ${Object.keys(fields).join(', ')}.`);
      continue;
    }
    const meant = known === 'status' ? statusOf(value) : value;
    if (meant === undefined) problems.push(`“${value}” is no status.`);
    else next = added(next, known, meant);
  }
  return { view: next, ...(problems.length === 0 ? {} : { problem: problems.join(' ') }) };
}

function fieldOf(word: string): ListField {
  if (id.test(word)) return 'id';
  return statusOf(word) === undefined ? 'name' : 'status';
}

function added(view: TaskView, field: ListField, value: string): TaskView {
  const values: readonly string[] = view[field];
  return values.includes(value) ? view : { ...view, [field]: [...values, value] };
}
