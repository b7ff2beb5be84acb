import { existsSync, readdirSync } from 'node:fs';

/** Where definitions are looked for when no setting says so. */
export const usualFolder = './tasks';

/** The paths that a command loads: what its setting says, else `./tasks` where something is in it. */
export function taskPaths(setting: readonly string[] | undefined): readonly string[] {
  if (setting !== undefined) return setting;
  const names = existsSync(usualFolder) ? readdirSync(usualFolder) : [];
  return names.some((name) => /\.[cm]?[jt]s$/.test(name)) ? [usualFolder] : [];
}
