import type { Settings } from '../config.ts';
import { displayUrl } from '../redis/address.ts';
import { examine } from '../tasks/doctor/examine.ts';
import { version } from '../version.ts';
import { exitCodes } from './exit.ts';
import { formatFindings } from './finding.ts';

/** `taskwire doctor`: examines the store and its queues, prints what it found, and ends with 1 when a check failed. */
export async function doctor(settings: Settings<'doctor'>, asJson: boolean): Promise<number> {
  const { redisUrl, prefix } = settings;
  const findings = await examine({ url: redisUrl, prefix });
  const store = displayUrl(redisUrl);
  const ok = findings.every(({ mark }) => mark !== 'FAIL');
  const report = asJson
    ? `${JSON.stringify({ ok, store, prefix, version, findings }, undefined, 2)}\n`
    : `${store}, prefix ${prefix}\n\n${formatFindings(findings)}`;
  process.stdout.write(report);
  return ok ? exitCodes.ok : exitCodes.failure;
}
