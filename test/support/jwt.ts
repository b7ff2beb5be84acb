import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { SignJWT } from 'jose';
import { registerSecret } from './secrets.ts';

const generate = promisify(generateKeyPair);

/** What the tests' tokens are signed with, where it is a secret. */
export const secret: string = registerSecret('a secret of tests that nobody else knows');
export const issuer = 'https://login.example.com';
export const audience = 'taskwire';

export interface Keys {
  readonly privateKey: KeyObject;
  /** As PEM. */
  readonly publicKey: string;
}

/** A new key pair of a kind. */
export async function newKeys(kind: 'rsa' | 'ec' | 'ed25519', bits = 2_048): Promise<Keys> {
  const { privateKey, publicKey } =
    kind === 'rsa'
      ? await generate('rsa', { modulusLength: bits })
      : kind === 'ec'
        ? await generate('ec', { namedCurve: 'P-256' })
        : await generate('ed25519');
  return { privateKey, publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })) };
}

/** The claims of a token that holds, for a minute. */
export function goodClaims(): Record<string, unknown> {
  const iat = Math.floor(Date.now() / 1_000);
  return { iss: issuer, aud: audience, sub: 'acme', scope: 'tasks:read', iat, exp: iat + 60 };
}

/** Signs claims, those of a good token with changes; undefined takes one away. */
export async function sign(
  changes: Readonly<Record<string, unknown>> = {},
  key: KeyObject | Uint8Array = new TextEncoder().encode(secret),
  header: { alg: string; [name: string]: unknown } = { alg: 'HS256' },
): Promise<string> {
  return await new SignJWT({ ...goodClaims(), ...changes }).setProtectedHeader(header).sign(key);
}

/** A token as a forger may write it, whose signature is whatever it is. */
export function unsigned(header: object, claims: object, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${signature}`;
}
