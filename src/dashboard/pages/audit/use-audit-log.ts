import { useEffect, useState, useSyncExternalStore } from 'react';
import { useClient } from 'urql';
import { type AuditFilter, AuditLog, type AuditState } from './audit-log.ts';

/** Follows the events of a filter, which is that of the first render; `first` of them, and more by `older`. */
export function useAuditLog(
  filter: AuditFilter,
  first: number,
): AuditState & { readonly older: () => Promise<void> } {
  const client = useClient();
  const [log] = useState(() => new AuditLog(client, filter, first));
  useEffect(() => log.open(), [log]);
  return { ...useSyncExternalStore(log.subscribe, log.read), older: log.older };
}
