/** What is sent to the API to enqueue a task. */
export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * The mutation that enqueues a task of a definition, under the alias `m`. Its name is known only when the API has told it,
 * so that this document can't be typed by the schema as all others are.
 *
 * @throws TypeError what the API told is no name of GraphQL
 */
export function enqueueOperation(
  { mutation, inputType }: { readonly mutation: string; readonly inputType: string | null },
  input: unknown,
  options: Readonly<Record<string, unknown>>,
): Operation {
  const hasOptions = Object.keys(options).length > 0;
  const args = [
    ...(inputType === null ? [] : [['input', `${nameOf(inputType)}!`, input] as const]),
    ...(hasOptions ? [['options', 'TaskOptions', options] as const] : []),
  ];
  const declared = args.map(([name, type]) => `$${name}: ${type}`).join(', ');
  const passed = args.map(([name]) => `${name}: $${name}`).join(', ');
  const query = `mutation Enqueue${bracketed(declared)} {
  m: ${nameOf(mutation)}${bracketed(passed)} {
    deduplicated
    task {
      id
    }
  }
}`;
  return { query, variables: Object.fromEntries(args.map(([name, , value]) => [name, value])) };
}

/** What came of it. */
export interface Enqueued {
  readonly m: { readonly deduplicated: boolean; readonly task: { readonly id: string } };
}

function nameOf(name: string): string {
  if (/^[_A-Za-z][_0-9A-Za-z]*$/.test(name)) return name;
  throw new TypeError(`Expected a name of GraphQL, got ${JSON.stringify(name)}.`);
}

function bracketed(text: string): string {
  return text === '' ? '' : `(${text})`;
}
