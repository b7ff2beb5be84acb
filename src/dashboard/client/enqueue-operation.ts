/** An operation of the API with its variables. */
export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** An argument's name, type and value. */
export type Argument = readonly [name: string, type: string, value: unknown];

/**
 * A mutation that enqueues a task, with what is selected of it, under an alias or its own name. Its name is known only when
 * the API has told it, so that this document can't be typed by the schema as all others are.
 *
 * @throws TypeError what the API told is no name of GraphQL
 */
export function enqueueBy(
  mutation: string,
  args: readonly Argument[],
  selection: readonly string[],
  alias?: string,
): Operation {
  const declared = args.map(([name, type]) => `$${nameOf(name)}: ${typeOf(type)}`).join(', ');
  const passed = args.map(([name]) => `${name}: $${name}`).join(', ');
  const query = `mutation Enqueue${inBrackets(declared)} {
  ${alias === undefined ? '' : `${nameOf(alias)}: `}${nameOf(mutation)}${inBrackets(passed)} {
${selection.map((line) => `    ${line}\n`).join('')}  }
}`;
  return { query, variables: Object.fromEntries(args.map(([name, , value]) => [name, value])) };
}

/** The same for who copies it: with what one wants to see of the new task. */
export function enqueueToCopy(mutation: string, args: readonly Argument[]): Operation {
  return enqueueBy(mutation, args, ['task {', '  id', '  status', '}']);
}

function nameOf(name: string): string {
  if (/^[_A-Za-z][_0-9A-Za-z]*$/.test(name)) return name;
  throw new TypeError(`Expected a name of GraphQL, got ${JSON.stringify(name)}.`);
}

function typeOf(type: string): string {
  return type.endsWith('!') ? `${nameOf(type.slice(0, -1))}!` : nameOf(type);
}

function inBrackets(text: string): string {
  return text === '' ? '' : `(${text})`;
}
