// Builds the dashboard into dist/dashboard, unless what lies there is of these very sources.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'vite';

// Whatever the environment says: what is built for development is three times as large.
process.env.NODE_ENV = 'production';
const root = new URL('../', import.meta.url);
const sources = new URL('src/dashboard/', root);
const mark = new URL('dist/dashboard/sources', root);
const hash = createHash('sha256').update(readFileSync(new URL('package-lock.json', root)));
for (const name of readdirSync(sources, { recursive: true }).toSorted(byName)) {
  if (/\.(?:tsx?|css|html|svg)$/.test(name)) hash.update(name).update(readFileSync(new URL(name, sources)));
}
const wanted = hash.digest('hex');
if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
  await build({ configFile: new URL('vite.config.ts', sources).pathname, logLevel: 'warn' });
  writeFileSync(mark, wanted);
}

function byName(one, other) {
  return one < other ? -1 : 1;
}
