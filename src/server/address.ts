import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4 } from 'node:net';

/**
 * The address of a request's client. Of `hops` proxies in front each has written into `X-Forwarded-For` by whom it was
 * asked, at the end; what stands before their entries anybody may have made up.
 */
export function addressOf({ headers, socket }: IncomingMessage, hops: number): string {
  const nearest = normalised(socket.remoteAddress ?? '');
  if (hops === 0) return nearest;
  const forwarded = headers['x-forwarded-for'];
  if (typeof forwarded !== 'string') return nearest;
  const addresses = [...forwarded.split(',').map(normalised), nearest];
  // What isn't an address, as some proxies write it of a client that they don't know: the last one that is known.
  const from = Math.max(addresses.length - 1 - hops, 0);
  return addresses.slice(from).find((address) => isIP(address) !== 0) ?? nearest;
}

/** Without a port or brackets, and an IPv4 address as such, which a socket for both kinds tells as `::ffff:…`. */
function normalised(address: string): string {
  const text = address.trim();
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  const mapped = /^::ffff:([\d.]+)$/i.exec(bare)?.[1];
  return mapped !== undefined && isIPv4(mapped) ? mapped : bare.toLowerCase();
}
