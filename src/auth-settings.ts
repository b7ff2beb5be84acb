import { isLoopback } from './auth/loopback.ts';
import { optional, required, setting } from './setting.ts';
import { list, matching, oneOf } from './setting-values.ts';

const algorithms = ['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const keyFlags = '--jwt-secret, --jwt-public-key or --jwt-jwks';

/** The settings of how clients sign in. */
export const authSettings = {
  auth: setting({
    flag: '--auth',
    value: 'ways',
    env: 'TASKWIRE_AUTH',
    help:
      'how clients sign in: tokens (taskwire token create makes one), jwt, or the path of a module that exports ' +
      'authenticate; several with commas. Or open, on this machine alone: everybody may do everything',
    repeatable: true,
    on: { dev: 'open', server: required },
    parse: (text) => list(text, way),
  }),
  jwtSecret: setting({
    flag: '--jwt-secret',
    value: 'secret',
    env: 'TASKWIRE_JWT_SECRET',
    help: 'the secret that JWTs are signed with (HS256), at least 32 bytes; on a command line others can see it',
    otherwise: 'none',
    isSecret: true,
    on: { dev: optional, server: optional },
    parse: (text) => {
      if (Buffer.byteLength(text) >= 32) return text;
      throw new Error(
        `a secret of at least 32 bytes, as 'openssl rand -base64 32' makes, not one of ${Buffer.byteLength(text)}`,
      );
    },
  }),
  jwtPublicKey: setting({
    flag: '--jwt-public-key',
    value: 'path',
    env: 'TASKWIRE_JWT_PUBLIC_KEY',
    help: 'file with the public key of whoever signs JWTs, as PEM: RSA, EC or Ed25519',
    otherwise: 'none',
    on: { dev: optional, server: optional },
    parse: (text) => matching(text, /^\P{Cc}+$/u, 'a path'),
  }),
  jwtJwks: setting({
    flag: '--jwt-jwks',
    value: 'url',
    env: 'TASKWIRE_JWT_JWKS',
    help: 'where the issuer of JWTs shows its public keys (jwks_uri)',
    otherwise: 'none',
    on: { dev: optional, server: optional },
    parse: jwksUrl,
  }),
  jwtAlgorithm: setting({
    flag: '--jwt-algorithm',
    value: 'name',
    env: 'TASKWIRE_JWT_ALGORITHM',
    help: 'the one algorithm that JWTs may be signed by',
    otherwise: "HS256, RS256, ES256 … by the key; each that is in the JWKS' keys",
    on: { dev: optional, server: optional },
    parse: (text) => oneOf(text, ['HS256', ...algorithms]),
  }),
  jwtIssuer: setting({
    flag: '--jwt-issuer',
    value: 'name',
    env: 'TASKWIRE_JWT_ISSUER',
    help: 'what iss of a JWT has to be; needed with jwt',
    otherwise: 'none',
    on: { dev: optional, server: optional },
    parse: (text) => text,
  }),
  jwtAudience: setting({
    flag: '--jwt-audience',
    value: 'name',
    env: 'TASKWIRE_JWT_AUDIENCE',
    help: 'what aud of a JWT has to be, or to hold; needed with jwt',
    otherwise: 'none',
    on: { dev: optional, server: optional },
    parse: (text) => text,
  }),
};

/** What says together how clients sign in. */
export interface AuthSettings {
  readonly auth: readonly string[];
  readonly host: string;
  readonly jwtSecret: string | undefined;
  readonly jwtPublicKey: string | undefined;
  readonly jwtJwks: string | undefined;
  readonly jwtAlgorithm: string | undefined;
  readonly jwtIssuer: string | undefined;
  readonly jwtAudience: string | undefined;
}

/** What doesn't go together, one sentence each, with the way out. */
export function authProblems(settings: AuthSettings): string[] {
  const { auth, host } = settings;
  const problems: string[] = [];
  if (auth.includes('open') && auth.length > 1) {
    problems.push(`--auth: expected open alone, or other ways without it, got '${auth.join(',')}'.`);
  }
  if (auth.includes('open') && !isLoopback(host)) problems.push(openToOthers(host));
  if (auth.filter(isModule).length > 1) {
    problems.push(`--auth: expected one module at most, got '${auth.filter(isModule).join(',')}'.`);
  }
  return [...problems, ...jwtProblems(settings)];
}

/** True for a way that is the path of a module. */
export function isModule(way: string): boolean {
  return /[./\\]/.test(way);
}

function jwtProblems({ auth, jwtSecret, jwtPublicKey, jwtJwks, ...settings }: AuthSettings): string[] {
  const { jwtAlgorithm, jwtIssuer, jwtAudience } = settings;
  const keys = named({ '--jwt-secret': jwtSecret, '--jwt-public-key': jwtPublicKey, '--jwt-jwks': jwtJwks });
  const claims = { '--jwt-issuer': jwtIssuer, '--jwt-audience': jwtAudience };
  if (!auth.includes('jwt')) {
    const idle = [...keys, ...named({ ...claims, '--jwt-algorithm': jwtAlgorithm })];
    if (idle.length === 0) return [];
    return [`${idle.join(', ')}: given, but no JWT is asked for. Add jwt to --auth, or leave it out.`];
  }
  const problems: string[] = [];
  if (keys.length === 0) problems.push(`--auth jwt: expected a key to check JWTs with, by ${keyFlags}.`);
  if (keys.length > 1)
    problems.push(`${keys.join(', ')}: expected one key to check JWTs with; leave out the others.`);
  for (const [flag, value] of Object.entries(claims)) {
    if (value === undefined) {
      problems.push(`--auth jwt: expected ${flag} as well, as a JWT may be meant for others.`);
    }
  }
  return problems;
}

/** The flags that were given. */
function named(flags: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(flags).filter((flag) => flags[flag] !== undefined);
}

function openToOthers(host: string): string {
  return (
    `--host ${host}: others can reach it, and with --auth open everybody may do everything. Listen on 127.0.0.1, or let ` +
    'clients sign in, as by --auth tokens (TASKWIRE_AUTH), for which taskwire token create makes the first token.'
  );
}

function way(text: string): string {
  if (['open', 'tokens', 'jwt'].includes(text) || (isModule(text) && /^\P{Cc}+$/u.test(text))) return text;
  throw new Error("open, tokens, jwt or the path of a module such as './auth.ts', separated by commas");
}

function jwksUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return text;
  throw new Error("an address such as 'https://login.example.com/jwks.json' (http: only on this machine)");
}
