import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const output = fileURLToPath(new URL('../../dist/dashboard', import.meta.url));
// As everywhere, its GraphQL endpoint.
const api = new URL(process.env['TASKWIRE_URL'] ?? 'http://127.0.0.1:4000/graphql').origin;

/** Builds the dashboard into the package; `vite` alone serves it from its sources, in front of the API that TASKWIRE_URL is of. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Addresses in the page are relative: the API may stand below a path.
  base: './',
  plugins: [react(), layered(), compressed()],
  server: { host: '127.0.0.1', proxy: { '/graphql': { target: api, ws: true } } },
  build: {
    outDir: output,
    emptyOutDir: true,
    target: 'es2023',
    // A style or a font in a `data:` address isn't let in by the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // What many pages are made of is one file: each of its own costs a request, and compresses less.
        codeSplitting: {
          groups: [
            { name: 'shared', test: /dashboard\/(?:parts|client|hooks)\/[^/]+\.tsx?$/, minShareCount: 4 },
          ],
        },
      },
    },
  },
});

/** Whichever style sheet is loaded first says in which order the layers are. */
function layered(): Plugin {
  return {
    name: 'layered',
    apply: 'build',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'asset' || !file.fileName.endsWith('.css')) continue;
        file.source = `@layer tokens,base,parts;${String(file.source)}`;
      }
    },
  };
}

/** Writes each file compressed, too, so that nobody compresses it for each who asks. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async closeBundle() {
      const names = await readdir(output, { recursive: true });
      await Promise.all(names.filter((name) => /\.(?:js|css|svg|json)$/.test(name)).map(compress));
    },
  };
}

async function compress(name: string): Promise<void> {
  const path = join(output, name);
  const content = await readFile(path);
  await Promise.all([
    writeFile(`${path}.br`, await promisify(brotliCompress)(content)),
    writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 })),
  ]);
}
