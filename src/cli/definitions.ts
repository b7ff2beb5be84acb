import { analyzeData } from '../builtin/analyze-data.ts';
import { sendEmail } from '../builtin/send-email.ts';
import type { TaskDefinition } from '../definition/definition.ts';
import { loadDefinitions } from '../definition/load.ts';
import { taskPaths } from './task-paths.ts';

/** The definitions that come with Taskwire. */
export const builtIn: readonly TaskDefinition[] = [analyzeData, sendEmail];

/**
 * Loads the definitions of the `tasks` setting, beside the built-in ones.
 *
 * @throws ConfigurationError with all problems of all files, each naming its file.
 */
export async function loadAll(setting: readonly string[] | undefined): Promise<readonly TaskDefinition[]> {
  return await loadDefinitions(taskPaths(setting), builtIn);
}
