import { readFileSync } from 'node:fs';

/** The package's version; its manifest lies one folder up, in the sources and in the built package alike. */
export const version: string = read();

function read(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isManifest ? String(manifest.version) : 'unknown';
}
