import { registerHooks } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';

const fromFolder = 'taskwire-from-folder:';

let registered = false;

/**
 * Makes `import … from 'taskwire'` in task files mean the package that is running, in this thread from now on:
 * also in a fresh clone that was never built, and in a folder without `node_modules`. It would otherwise be
 * another copy or none, with types and errors that aren't ours.
 */
export function registerPackageHook(): void {
  if (registered) return;
  registered = true;
  // `index.ts` beside the sources, `index.js` in dist: whichever is running.
  const index = new URL(`../index${extname(new URL(import.meta.url).pathname)}`, import.meta.url).href;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === 'taskwire') return { url: index, shortCircuit: true };
      if (!specifier.startsWith(fromFolder)) return nextResolve(specifier, context);
      const { searchParams } = new URL(specifier);
      return nextResolve(searchParams.get('specifier') ?? '', {
        ...context,
        parentURL: searchParams.get('parent') ?? undefined,
      });
    },
  });
}

/** A specifier that resolves like `specifier` written in a file of the folder; the hook must be registered. */
export function specifierIn(folder: string, specifier: string): string {
  const parent = pathToFileURL(`${folder}/taskwire.js`).href;
  return `${fromFolder}?${new URLSearchParams({ specifier, parent }).toString()}`;
}
