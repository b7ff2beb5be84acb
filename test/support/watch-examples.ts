import { readFile } from 'node:fs/promises';

/** The functions of docs/watch-tokens.md by their names, in the order in which they stand there. */
export const exampleNames = ['startReport', 'followReport', 'followReportByEvents'] as const;

/** The JavaScript of docs/watch-tokens.md, against the API of an origin. Wants `createClient` to be there. */
export async function watchExamples(origin: string): Promise<string> {
  const text = await readFile(new URL('../../docs/watch-tokens.md', import.meta.url), 'utf8');
  return Array.from(text.matchAll(/^```js\n([^]*?)^```$/gm), ([, code]) => code)
    .join('\n')
    .replaceAll(/^import .*$/gm, '')
    .replaceAll('https://tasks.example.com', origin)
    .replaceAll('wss://tasks.example.com', origin.replace('http', 'ws'));
}
