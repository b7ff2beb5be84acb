import type { Operation } from './enqueue-operation.ts';

/** An operation as GraphiQL and others take it: the document, and below it the variables. */
export function asGraphql({ query, variables }: Operation): string {
  if (Object.keys(variables).length === 0) return `${query}\n`;
  const lines = JSON.stringify(variables, undefined, 2).split('\n');
  return `${query}\n\n# Variables:\n${lines.map((line) => `# ${line}`).join('\n')}\n`;
}

/** An operation as a command for a POSIX shell, which finds the token in its environment: it is in no history of commands. */
export function asCurl(
  { query, variables }: Operation,
  {
    url,
    hasToken,
    follows = false,
  }: { readonly url: string; readonly hasToken: boolean; readonly follows?: boolean },
): string {
  return [
    `curl --silent --show-error ${follows ? '--no-buffer ' : ''}${quoted(url)}`,
    "--header 'content-type: application/json'",
    ...(follows ? ["--header 'accept: text/event-stream'"] : []),
    ...(hasToken ? ['--header "authorization: Bearer $TASKWIRE_TOKEN"'] : []),
    `--data-raw ${quoted(JSON.stringify({ query, variables }))}`,
  ].join(' \\\n  ');
}

/** A text as one word of a POSIX shell, in which nothing has a meaning of its own. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
