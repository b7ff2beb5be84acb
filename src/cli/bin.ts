#!/usr/bin/env node
// Nothing is imported before the version is known: an older Node.js must get as far as the sentence below.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `Taskwire needs Node.js 24 or newer; this is Node.js ${process.versions.node} (${process.execPath}).\n` +
      'Install a newer one from https://nodejs.org, or run `npx -p node@24 -p taskwire taskwire`.\n',
  );
  process.exitCode = 2;
} else {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  const { main } = await import('./main.ts');
  // Ends here whatever a task file left open: by now all that we opened is closed.
  process.exit(await main(process.argv.slice(2)));
}
