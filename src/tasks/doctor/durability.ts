import { isEmbedded, type Facts } from '../../redis/server-facts.ts';
import { showTime } from '../../quantity.ts';
import { type Finding, finding } from './finding.ts';

/** Whether what was written is there after a restart, and whether the server still takes writes. */
export function durabilityFindings(info: Facts, config: Facts | undefined): Finding[] {
  return [persistenceFinding(info, config), diskFinding(info, config)];
}

const switchOn = "Set 'appendonly yes' (appendfsync everysec), in redis.conf and by CONFIG SET.";

function persistenceFinding(info: Facts, config: Facts | undefined): Finding {
  const check = 'persistence';
  if (isEmbedded(info)) {
    const found = 'the embedded store keeps its tasks when it is stopped; a crash loses them';
    return finding(check, 'warn', found, 'It is for development: run Redis or Valkey where tasks matter.');
  }
  const appendOnly = info['aof_enabled'];
  if (appendOnly === undefined)
    return finding(check, 'unknown', 'the server tells nothing about persistence');
  if (appendOnly === '1') return appendOnlyFinding(config?.['appendfsync']);
  const save = config?.['save'];
  if (save === '') {
    return finding(check, 'FAIL', 'neither appendonly nor save is set: a restart loses all tasks', switchOn);
  }
  const age = Date.now() - Number(info['rdb_last_save_time'] ?? 0) * 1_000;
  const changes = info['rdb_changes_since_last_save'] ?? '0';
  const last = `the last one is ${showTime(age)} old, ${changes} changes ago`;
  return save === undefined
    ? finding(check, 'warn', `no appendonly, and whether it makes snapshots is unknown; ${last}`, switchOn)
    : finding(
        check,
        'warn',
        `only snapshots (save ${save}): a crash loses what came after; ${last}`,
        switchOn,
      );
}

function appendOnlyFinding(fsync: string | undefined): Finding {
  const check = 'persistence';
  if (fsync === undefined)
    return finding(check, 'ok', 'appendonly; how often it is synced to disk is unknown');
  if (fsync === 'always') return finding(check, 'ok', 'appendonly, synced to disk at each write');
  if (fsync === 'everysec') {
    return finding(check, 'ok', 'appendonly, synced every second: a power cut may lose the last one or two');
  }
  const found = `appendonly, appendfsync ${fsync}: a power cut may lose half a minute`;
  return finding(check, 'warn', found, "Set 'appendfsync everysec'.");
}

function diskFinding(info: Facts, config: Facts | undefined): Finding {
  const check = 'disk';
  const todo = "Look at the server's log: the disk may be full or read-only.";
  if (info['aof_enabled'] === '1' && info['aof_last_write_status'] === 'err') {
    return finding(
      check,
      'FAIL',
      'the last write to the append-only file failed, so the server refuses writes',
      todo,
    );
  }
  if (info['rdb_last_bgsave_status'] === 'err') {
    const stops = config?.['stop-writes-on-bgsave-error'] !== 'no' && config?.['save'] !== '';
    return stops
      ? finding(check, 'FAIL', 'the last snapshot failed, so the server refuses writes', todo)
      : finding(check, 'warn', 'the last snapshot failed', todo);
  }
  if (info['aof_enabled'] === '1' && info['aof_last_bgrewrite_status'] === 'err') {
    return finding(check, 'warn', 'the append-only file could not be rewritten and grows', todo);
  }
  if (info['aof_last_write_status'] === undefined && info['rdb_last_bgsave_status'] === undefined) {
    return finding(check, 'unknown', 'the server tells nothing about its last writes to disk');
  }
  return finding(check, 'ok', 'no write to disk has failed');
}
