import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const read = async (name: string) => await readFile(new URL(name, root), 'utf8');

interface Locked {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}
// As npm writes them.
const manifest = JSON.parse(await read('package.json')) as Record<
  'dependencies' | 'devDependencies' | 'allowScripts',
  Readonly<Record<string, unknown>>
>;
const lock = JSON.parse(await read('package-lock.json')) as { readonly packages: Record<string, Locked> };
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

/** The packages in the first column of a table of CONTRIBUTING.md, each with what else its row says. */
async function listed(header: string): Promise<Map<string, string>> {
  const text = await read('CONTRIBUTING.md');
  const [, table = ''] = text.split(`| ${header} |`);
  const rows = table.split('\n\n', 1)[0]?.split('\n').slice(2) ?? [];
  return new Map(
    rows.flatMap((row) => {
      const [, names = '', ...words] = row.split('|').map((cell) => cell.trim());
      return names.split(', ').map((name) => [name, words.join(' ').trim()] as const);
    }),
  );
}

test.each([
  ['package', 'dependencies'],
  ['for development', 'devDependencies'],
] as const)('each dependency is listed with its reason, and no other: %s', async (header, kind) => {
  const reasons = await listed(header);

  expect([...reasons.keys()].toSorted()).toEqual(Object.keys(manifest[kind]).toSorted());
  expect([...reasons].filter(([, reason]) => reason.length < 5)).toEqual([]);
});

test('no package runs a script when it is installed but those that are allowed to', () => {
  const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript === true);
  const allowed = Object.entries(manifest.allowScripts).filter(([, may]) => may === true);

  expect(scripted.map(([path]) => path)).toEqual(['node_modules/node']);
  expect(allowed.map(([name]) => name)).toEqual(['node']);
  expect(manifest.dependencies).not.toHaveProperty('node');
});

test('each package is one exact version from the registry, known by its hash', () => {
  const versions = [...Object.values(manifest.dependencies), ...Object.values(manifest.devDependencies)];
  const strange = packages.filter(
    // Without an address it is the registry, whichever mirror of it is asked.
    ([, { resolved, integrity = '' }]) => resolved !== undefined || !integrity.startsWith('sha512-'),
  );

  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
  expect(strange).toEqual([]);
});
