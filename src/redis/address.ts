/** One server by its URL, or the Sentinels that know which server is the master now. */
export type RedisAddress = { readonly url: string } | SentinelAddress;

/** Each Sentinel of a set, and the name by which they know the master. */
export interface SentinelAddress {
  readonly sentinels: readonly Sentinel[];
  readonly name: string;
  readonly db: number;
  /** To the master and to the Sentinels alike. */
  readonly tls: boolean;
  readonly login: Login;
  readonly sentinelLogin: Login;
}

export interface Sentinel {
  readonly host: string;
  readonly port: number;
}

export interface Login {
  readonly username?: string;
  readonly password?: string;
}

const sentinelUrl =
  /^(?<scheme>rediss?)\+sentinel:\/\/(?:(?<login>[^@/?#]*)@)?(?<hosts>[^@/?#]*)\/(?<name>[^/?#]+)(?:\/(?<db>\d{0,4}))?(?:\?(?<query>[^#]*))?$/;
const sentinelExample = 'redis+sentinel://user:password@host1:26379,host2:26379/mymaster';

/**
 * Reads `redis://`, `rediss://`, `redis+sentinel://` and `rediss+sentinel://` URLs.
 *
 * @throws Error whose message completes the sentence "expected …"
 */
export function parseRedisUrl(text: string): RedisAddress {
  if (/^rediss?\+sentinel:/.test(text)) return parseSentinelUrl(text);
  const url = URL.parse(text);
  if (url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '') return { url: text };
  throw new Error("an address such as 'redis://127.0.0.1:6379' (or rediss://)");
}

/** The address as it may be shown: without its passwords. */
export function displayUrl(url: string): string {
  try {
    parseRedisUrl(url);
  } catch {
    return '(not a URL)';
  }
  return url
    .replace(/^([^:]+:\/\/[^:@/?#]*):[^@/?#]*@/, '$1:***@')
    .replaceAll(/([?&][^=&]*password=)[^&#]*/gi, '$1***');
}

function parseSentinelUrl(text: string): SentinelAddress {
  const parts = sentinelUrl.exec(text)?.groups;
  if (parts === undefined) {
    throw new Error(
      `Sentinels, the name of their master and perhaps a database, as in '${sentinelExample}/0'`,
    );
  }
  const { scheme, login, hosts = '', name = '', db, query } = parts;
  const params = new URLSearchParams(query);
  for (const param of params.keys()) {
    if (param !== 'sentinelUsername' && param !== 'sentinelPassword')
      throw new Error(`no other parameters than sentinelUsername and sentinelPassword after '?'`);
  }
  return {
    sentinels: hosts.split(',').map(parseSentinel),
    name: decode(name),
    db: Number(db ?? 0),
    tls: scheme === 'rediss',
    login: login === undefined ? {} : parseLogin(login),
    sentinelLogin: loginOf(params.get('sentinelUsername'), params.get('sentinelPassword')),
  };
}

function parseSentinel(host: string): Sentinel {
  const url = URL.parse(`redis://${host}`);
  if (url === null || url.hostname === '' || url.host !== host.toLowerCase())
    throw new Error(`each Sentinel as host:port, separated by commas, as in '${sentinelExample}'`);
  return { host: url.hostname.replaceAll(/^\[|\]$/g, ''), port: Number(url.port || 26_379) };
}

function parseLogin(login: string): Login {
  const colon = login.indexOf(':');
  if (colon === -1) throw new Error("'user:password@' or ':password@' in front of the Sentinels");
  return loginOf(decode(login.slice(0, colon)), decode(login.slice(colon + 1)));
}

function loginOf(username: string | null, password: string | null): Login {
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error("'%' only in front of two digits of a character's code, as in %40 for @");
  }
}
