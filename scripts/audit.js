// Asks the registry whether anything of package-lock.json has a known vulnerability that is high or critical: ends with 1 then.
// Where the registry can't say (it is away, or a mirror without audits) that is said, and nothing fails.
import { spawnSync } from 'node:child_process';

const args = ['audit', '--json', '--package-lock-only', '--fetch-retries=0', '--fetch-timeout=10000'];
const { stdout, error } = spawnSync('npm', args, {
  cwd: new URL('../', import.meta.url),
  encoding: 'utf8',
  timeout: 30_000,
  shell: process.platform === 'win32',
});
const report = parse(stdout);
const counts = report?.metadata?.vulnerabilities;

if (counts === undefined) {
  const why = error?.message ?? report?.message ?? report?.error?.summary ?? 'it gave no report';
  say(`Audit: unknown, as the registry can't say: ${why.split('\n', 1)[0]}`);
} else if (counts.high + counts.critical === 0) {
  say(`Audit: nothing high or critical in ${report.metadata.dependencies.total} packages.`);
} else {
  for (const { name, severity, range, via } of Object.values(report.vulnerabilities)) {
    if (severity !== 'high' && severity !== 'critical') continue;
    const titles = via.map((one) => (typeof one === 'string' ? `by ${one}` : `${one.title} ${one.url}`));
    say(`Audit: ${severity}: ${[name, range].filter(Boolean).join(' ')}: ${titles.join('; ')}`);
  }
  process.exitCode = 1;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
