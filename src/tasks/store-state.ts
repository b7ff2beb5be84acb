import type { Redis } from '../redis/connection.ts';
import {
  type Facts,
  isEmbedded,
  readGreeting,
  readKeyCount,
  readServerFacts,
} from '../redis/server-facts.ts';
import { productOf } from './doctor/server.ts';

/** What is there of tasks after a restart of their store. */
export const persistences = ['APPEND_ONLY', 'SNAPSHOTS', 'NONE'] as const;
export type Persistence = (typeof persistences)[number];

/** The server that keeps the tasks, as it is now. `undefined` is what it doesn't tell: a managed one hides much, and so do ACLs. */
export interface StoreState {
  readonly name: string;
  readonly version: string | undefined;
  /** True for the store that `taskwire dev` brings along. */
  readonly isEmbedded: boolean;
  readonly role: string | undefined;
  /** The median of a few PINGs. */
  readonly roundTripMs: number;
  readonly usedMemoryBytes: number | undefined;
  /** Also undefined where there is no bound. */
  readonly maxMemoryBytes: number | undefined;
  readonly evictionPolicy: string | undefined;
  readonly persistence: Persistence | undefined;
  readonly connectedClients: number | undefined;
  readonly uptimeMs: number | undefined;
  /** Of the whole database, whoever they belong to. */
  readonly keys: number | undefined;
}

/** Asks the server how it is, as far as this user may; changes nothing. */
export async function readStoreState(redis: Redis): Promise<StoreState> {
  const [{ latencyMs, info, config }, keys] = await Promise.all([
    readServerFacts(redis, { withSlowLog: false }),
    readKeyCount(redis),
  ]);
  if (info === undefined) {
    const { server, version, role } = await readGreeting(redis);
    return { ...unknownState, ...named(server), version, role: roleOf(role), roundTripMs: latencyMs, keys };
  }
  const number = (name: string): number | undefined =>
    info[name] === undefined ? undefined : Number(info[name]);
  const uptime = number('uptime_in_seconds');
  return {
    ...productOf(info),
    isEmbedded: isEmbedded(info),
    role: roleOf(info['role']),
    roundTripMs: latencyMs,
    usedMemoryBytes: number('used_memory'),
    maxMemoryBytes: number('maxmemory') === 0 ? undefined : number('maxmemory'),
    evictionPolicy: info['maxmemory_policy'],
    persistence: persistenceOf(info, config),
    connectedClients: number('connected_clients'),
    uptimeMs: uptime === undefined ? undefined : uptime * 1_000,
    keys,
  };
}

const unknownState = {
  name: 'Redis',
  isEmbedded: false,
  usedMemoryBytes: undefined,
  maxMemoryBytes: undefined,
  evictionPolicy: undefined,
  persistence: undefined,
  connectedClients: undefined,
  uptimeMs: undefined,
} as const;

/** By its greeting, as 'valkey'. */
function named(server: string | undefined): { readonly name?: string } {
  return server === undefined ? {} : { name: server.charAt(0).toUpperCase() + server.slice(1) };
}

function roleOf(role: string | undefined): string | undefined {
  return role === 'slave' ? 'replica' : role;
}

function persistenceOf(info: Facts, config: Facts | undefined): Persistence | undefined {
  // It writes one when it is stopped.
  if (isEmbedded(info)) return 'SNAPSHOTS';
  if (info['aof_enabled'] === '1') return 'APPEND_ONLY';
  const save = config?.['save'];
  if (info['aof_enabled'] === undefined || save === undefined) return undefined;
  return save === '' ? 'NONE' : 'SNAPSHOTS';
}
