import { extname } from 'node:path';
import { analyzeData } from '../builtin/analyze-data.ts';
import { sendEmail } from '../builtin/send-email.ts';
import type { TaskDefinition } from '../definition/definition.ts';
import { loadDefinitions } from '../definition/load.ts';
import { setSource } from '../definition/source.ts';
import { taskPaths } from './task-paths.ts';

/** The definitions that come with Taskwire. */
export const builtIn: readonly TaskDefinition[] = [analyzeData, sendEmail];

// Where a thread would import them from: `.ts` beside the sources, `.js` in dist.
const sources = { 'analyze-data': analyzeData, 'send-email': sendEmail };
for (const [file, definition] of Object.entries(sources)) {
  const url = new URL(`../builtin/${file}${extname(import.meta.url)}`, import.meta.url);
  setSource(definition, url.href);
}

/**
 * Loads the definitions of the `tasks` setting, beside the built-in ones.
 *
 * @throws ConfigurationError with all problems of all files, each naming its file.
 */
export async function loadAll(setting: readonly string[] | undefined): Promise<readonly TaskDefinition[]> {
  return await loadDefinitions(taskPaths(setting), builtIn);
}
