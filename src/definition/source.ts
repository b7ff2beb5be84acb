import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TaskDefinition } from './definition.ts';

// Beside the definitions and not in them: they are frozen when their file is still running.
const sources = new WeakMap<TaskDefinition, string>();

/** Notes the URL of the module that a definition was loaded from. */
export function setSource(definition: TaskDefinition, url: string): void {
  sources.set(definition, url);
}

/** Gives the URL of the module that a definition was loaded from; undefined if it was made in code. */
export function sourceOf(definition: TaskDefinition): string | undefined {
  return sources.get(definition);
}

/** A definition's name for messages, with its file where that is known: `'resizeImage' (tasks/images.ts)`. */
export function describe(definition: TaskDefinition): string {
  const url = sources.get(definition);
  return `'${definition.name}'${url === undefined ? '' : ` (${displayPath(url)})`}`;
}

/** A file's path as its user would write it: relative where it is below the working directory. */
export function displayPath(urlOrPath: string): string {
  const path = urlOrPath.startsWith('file:') ? fileURLToPath(urlOrPath) : urlOrPath;
  const shorter = relative(process.cwd(), path);
  return shorter === '' || shorter.startsWith('..') ? path : shorter;
}
