import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '../errors.ts';
import { isTaskDefinition, type TaskDefinition } from './definition.ts';
import { explainImportError } from './import-error.ts';
import { registerPackageHook, specifierIn } from './package-hook.ts';
import { displayPath, setSource } from './source.ts';
import { compileDefinitions } from './types.ts';

/**
 * Imports task files and gives the definitions that they export, by any name, in the order of the paths.
 *
 * A path is a file, a folder or a module's name (`@acme/tasks`, found from the working directory). Of a folder
 * it takes the modules right in it: helpers belong in a subfolder, or in a file whose name starts with `_`;
 * tests (`*.test.ts`, `*.spec.ts`) and `*.d.ts` are left out. TypeScript is imported as it is.
 *
 * @param beside definitions that are there already, as the built-in ones; they come first in the result.
 * @throws {ConfigurationError} with the problems of all files at once, each naming its file.
 */
export async function loadDefinitions(
  paths: readonly string[],
  beside: readonly TaskDefinition[] = [],
): Promise<TaskDefinition[]> {
  registerPackageHook();
  const problems: string[] = [];
  // A set: a definition may well be exported twice, from its own file and a collecting one.
  const definitions = new Set(beside);
  for (const path of paths) {
    const modules = await findModules(path);
    if ('problem' in modules) problems.push(modules.problem);
    else {
      for (const module of modules.modules) {
        const loaded = await loadModule(module);
        if ('problems' in loaded) problems.push(...loaded.problems);
        else for (const definition of loaded.definitions) definitions.add(definition);
      }
    }
  }
  problems.push(...typeProblems([...definitions]));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return [...definitions];
}

/** Something to import, and how its user knows it. */
interface Module {
  readonly specifier: string;
  readonly label: string;
}

async function findModules(
  path: string,
): Promise<{ readonly modules: readonly Module[] } | { readonly problem: string }> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch(() => undefined);
  if (found?.isFile()) return { modules: [moduleOf(absolute)] };
  if (found?.isDirectory()) {
    const names = (await readdir(absolute)).filter((name) => isTaskFile(name)).toSorted();
    if (names.length > 0) return { modules: names.map((name) => moduleOf(join(absolute, name))) };
    return {
      problem: `${path}: this folder has no task files (.ts, .mts, .js, .mjs, .cjs); put one in, or name another.`,
    };
  }
  if (/^[./\\]|\.[cm]?[jt]s$/.test(path)) {
    return { problem: `${path}: there is no such file or folder (looked for ${absolute}).` };
  }
  return { modules: [{ specifier: specifierIn(process.cwd(), path), label: path }] };
}

function moduleOf(file: string): Module {
  return { specifier: pathToFileURL(file).href, label: displayPath(file) };
}

function isTaskFile(name: string): boolean {
  return /\.[cm]?[jt]s$/.test(name) && !/^[._]|\.d\.[cm]?ts$|\.(?:test|spec)\.[cm]?[jt]s$/.test(name);
}

async function loadModule({
  specifier,
  label,
}: Module): Promise<
  { readonly definitions: readonly TaskDefinition[] } | { readonly problems: readonly string[] }
> {
  let namespace: unknown;
  try {
    namespace = await import(specifier);
  } catch (error) {
    return { problems: explainImportError(error, label) };
  }
  const definitions = Object.values(namespace as object).filter((value) => isTaskDefinition(value));
  if (definitions.length === 0) {
    return {
      problems: [
        `${label}: exports no task; write \`export const name = defineTask({ … })\`, or start a helper's file name with _.`,
      ],
    };
  }
  for (const definition of definitions) setSource(definition, specifier);
  return { definitions };
}

// The same check that the API and the worker make, here to have all problems in one report.
function typeProblems(definitions: readonly TaskDefinition[]): readonly string[] {
  try {
    compileDefinitions(definitions);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}
