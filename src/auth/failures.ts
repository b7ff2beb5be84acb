import { isIPv6 } from 'node:net';
import { RateLimitedError, UnauthenticatedError, UnavailableError } from '../errors.ts';
import type { Rate, Rates } from '../redis/rates.ts';
import type { Authenticator, Credentials } from './authenticator.ts';
import type { Session } from './session.ts';

/** Addresses of which a process keeps count by itself: what came from the oldest is forgotten first. */
const mostAddresses = 10_000;

/**
 * An authenticator that tells an address from which too much came that signs nobody in to come later, in place of that its
 * credentials aren't valid. Whoever signs in isn't held up, as many may share an address.
 *
 * What is beyond the rate by a process' own count, or by the last answer of Redis, asks Redis nothing: a flood costs it
 * no more than its rate. While Redis is away a process counts alone.
 */
export function limitFailures(authenticator: Authenticator, rates: Rates, rate: Rate): Authenticator {
  const failures = new Failures(rates, rate);
  return {
    authenticate(credentials) {
      try {
        // Signed in at once, where there is nothing to wait for.
        const session: Session | Promise<Session> = authenticator.authenticate(credentials);
        return session instanceof Promise
          ? session.catch((error: unknown) => failures.judge(error, credentials))
          : session;
      } catch (error) {
        return failures.judge(error, credentials);
      }
    },
    hold: (session, end) => authenticator.hold(session, end),
    close: () => authenticator.close(),
  };
}

class Failures {
  readonly #rates: Rates;
  readonly #rate: Rate;
  /** When the bucket of an address will be full, by this process' clock (ms). */
  readonly #full: Map<string, number> = new Map();

  constructor(rates: Rates, rate: Rate) {
    this.#rates = rates;
    this.#rate = rate;
  }

  /** @throws RateLimitedError, or the error */
  async judge(error: unknown, { address }: Credentials): Promise<never> {
    if (!(error instanceof UnauthenticatedError)) throw error;
    const waitMs = await this.#waitMs(networkOf(address));
    if (waitMs === 0) throw error;
    const message =
      `Too many requests of your address showed no valid credentials: more than ${this.#rate.count} in ` +
      `${this.#rate.perMs / 1000} s. Try again in ${Math.ceil(waitMs / 1000)} s.`;
    throw new RateLimitedError(message, waitMs);
  }

  async #waitMs(address: string): Promise<number> {
    const { count, perMs, burst } = this.#rate;
    const interval = perMs / count;
    const now = performance.now();
    const full = Math.max(now, this.#full.get(address) ?? 0);
    const waitMs = full + interval - now - burst * interval;
    if (waitMs > 0) return waitMs;
    this.#keep(address, full + interval);
    try {
      const toldMs = await this.#rates.spend('unauthenticated', address, this.#rate);
      // As full as the others have made it.
      if (toldMs > 0) this.#keep(address, performance.now() + toldMs + (burst - 1) * interval);
      return toldMs;
    } catch (error) {
      if (error instanceof UnavailableError) return 0;
      throw error;
    }
  }

  #keep(address: string, full: number): void {
    this.#full.delete(address);
    this.#full.set(address, full);
    const [oldest] = this.#full.keys();
    if (this.#full.size > mostAddresses && oldest !== undefined) this.#full.delete(oldest);
  }
}

/** Whom an address stands for: of IPv6 its first half, as who has one has all of those. */
export function networkOf(address: string): string {
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return plain;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = plain.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const last = (tail ?? '').split(':').filter((group) => group !== '');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - last.length);
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...last];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
