import { createPublicKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import { ConfigurationError } from '../errors.ts';
import { isLoopback } from './loopback.ts';
import type { JwtOptions } from './jwt.ts';

/** What a token's signature is checked with, and by which algorithms. */
export interface JwtKeys {
  readonly algorithms: readonly string[];
  readonly getKey: JWTVerifyGetKey;
}

/** The shortest secret, in bytes: what HS256 gives away otherwise can be tried out. */
export const minSecretBytes = 32;
const minRsaBits = 2_048;

/** What a JWKS may sign with: nothing that needs a secret, as its keys are public. */
const jwksAlgorithms = ['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512', 'ES256', 'ES384', 'ES512'];
const eddsa = ['EdDSA', 'Ed25519'];

/** @throws ConfigurationError that says what was expected and what to do */
export function jwtKeys(options: JwtOptions): JwtKeys {
  const { secret, publicKey, jwks } = options;
  const given = Object.entries({ secret, publicKey, jwks }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    const got = given.length === 0 ? 'none' : given.map(([name]) => name).join(' and ');
    throw bad(`expected one of secret, publicKey and jwks, got ${got}`);
  }
  if (secret !== undefined) return ofSecret(secret, options.algorithm);
  if (publicKey !== undefined) return ofPublicKey(publicKey, options.algorithm);
  return ofJwks(String(jwks), options.algorithm);
}

function ofSecret(secret: string, algorithm: string | undefined): JwtKeys {
  const bytes = new TextEncoder().encode(secret);
  if (bytes.length < minSecretBytes) {
    throw bad(
      `expected a secret of at least ${minSecretBytes} bytes, got ${bytes.length}; make one with: openssl rand -base64 32`,
    );
  }
  return { algorithms: chosen(algorithm, ['HS256'], 'a secret'), getKey: () => bytes };
}

function ofPublicKey(pem: string, algorithm: string | undefined): JwtKeys {
  if (pem.includes('PRIVATE KEY')) {
    throw bad('expected a public key, got a private one, which only belongs where tokens are made');
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw bad('expected a public key as PEM (-----BEGIN PUBLIC KEY-----)');
  }
  const algorithms = chosen(algorithm, algorithmsOf(key), `a key of type ${key.asymmetricKeyType}`);
  return { algorithms, getKey: () => key };
}

/** By which a key can sign; the first one is meant unless another is named. */
function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string[] {
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    if (bits < minRsaBits) throw bad(`expected an RSA key of at least ${minRsaBits} bits, got ${bits}`);
    return ['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512'];
  }
  const curve = details?.namedCurve ?? '';
  const ofCurve = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }[curve];
  if (type === 'ec' && ofCurve !== undefined) return [ofCurve];
  if (type === 'ed25519') return eddsa;
  throw bad(
    `expected a key for RSA, P-256, P-384, P-521 or Ed25519, got one of type ${type} ${curve}`.trim(),
  );
}

function ofJwks(address: string, algorithm: string | undefined): JwtKeys {
  const url = URL.parse(address);
  const isLocal = url?.protocol === 'http:' && isLoopback(url.hostname);
  if (url === null || (url.protocol !== 'https:' && !isLocal)) {
    throw bad('expected the address of a JWKS by https: (http: only on this machine)');
  }
  const algorithms =
    algorithm === undefined
      ? [...jwksAlgorithms, ...eddsa]
      : chosen(algorithm, [...jwksAlgorithms, ...eddsa], 'a JWKS');
  return { algorithms, getKey: createRemoteJWKSet(url) };
}

/** One algorithm, so that nobody can choose a weaker one in the token's head. */
function chosen(algorithm: string | undefined, possible: readonly string[], by: string): string[] {
  const [usual = ''] = possible;
  if (algorithm === undefined) return usual === 'EdDSA' ? eddsa : [usual];
  if (possible.includes(algorithm)) return [algorithm];
  throw bad(`expected an algorithm that ${by} can have (${possible.join(', ')}), got '${algorithm}'`);
}

function bad(problem: string): ConfigurationError {
  return new ConfigurationError([`JWT: ${problem}.`]);
}
