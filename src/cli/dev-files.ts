import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

const source = /\.(?:[cm]?[jt]s|json)$/;
/** An editor saves by several events, so a change is told when it has been quiet for this long. */
const quietMs = 60;

/**
 * Watches task files: folders with all that is below, single modules, and what they import. A path that
 * isn't there yet is noticed when it comes.
 */
export class TaskFiles implements Disposable {
  readonly #paths: readonly string[];
  readonly #imported = new Set<string>();
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;
  #change = Promise.withResolvers<void>();

  constructor(paths: readonly string[]) {
    this.#paths = paths.map((path) => resolve(path));
  }

  /** Resolves at a change since the last `begin`. */
  get changed(): Promise<void> {
    return this.#change.promise;
  }

  /** To be called before the files are read: what changes from now on is a change. */
  begin(): void {
    clearTimeout(this.#timer);
    this.#change = Promise.withResolvers();
    // All anew, as a folder may have been replaced by another of the same name.
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    for (const folder of this.#paths.flatMap(foldersOf)) this.#watch(folder);
    for (const file of this.#imported) this.#watch(dirname(file));
  }

  /** Watches these too, from wherever they were imported. */
  add(files: readonly string[]): void {
    for (const file of files) {
      this.#imported.add(file);
      this.#watch(dirname(file));
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  #watch(folder: string): void {
    if (this.#watchers.has(folder) || kindOf(folder) !== 'folder') return;
    const watcher = watch(folder, (_, name) => {
      if (name !== null && !this.#matters(join(folder, name))) return;
      clearTimeout(this.#timer);
      const change = this.#change;
      this.#timer = setTimeout(() => change.resolve(), quietMs);
    });
    // The folder went away; `begin` finds it again if it comes back.
    watcher.on('error', () => watcher.close());
    this.#watchers.set(folder, watcher);
  }

  #matters(path: string): boolean {
    if (this.#imported.has(path) || this.#paths.includes(path)) return true;
    const inside = this.#paths.some((root) => path.startsWith(root + sep));
    return inside && (source.test(path) || kindOf(path) === 'folder');
  }
}

/** The folders to watch for a path: itself with all below, the one it lies in, or the one it will lie in. */
function foldersOf(path: string): readonly string[] {
  if (kindOf(path) !== 'folder') return [dirname(path)];
  const below = readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
    .flatMap((entry) => foldersOf(join(path, entry.name)));
  return [path, ...below];
}

function kindOf(path: string): 'folder' | 'file' | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && (stat.isDirectory() ? 'folder' : 'file');
}
