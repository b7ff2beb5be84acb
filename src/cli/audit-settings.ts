import type { AuditOptions } from '../tasks/audit.ts';

/** The settings of what is written down, and for how long. */
export interface AuditSettings {
  readonly auditEnqueues?: boolean;
  readonly auditEntries?: number;
  readonly auditRetention?: number;
}

/** The settings as the server takes them; what isn't given has the server's defaults. */
export function auditOptions({ auditEnqueues, auditEntries, auditRetention }: AuditSettings): AuditOptions {
  return {
    ...(auditEnqueues === undefined ? {} : { enqueues: auditEnqueues }),
    ...(auditEntries === undefined ? {} : { entries: auditEntries }),
    ...(auditRetention === undefined ? {} : { retentionMs: auditRetention }),
  };
}
