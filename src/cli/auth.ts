import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AuthOptions } from '../auth/authentication.ts';
import type { Authenticate } from '../auth/hook.ts';
import { type AuthSettings, isModule } from '../auth-settings.ts';
import { explainImportError } from '../definition/import-error.ts';
import { registerPackageHook } from '../definition/package-hook.ts';
import { ConfigurationError } from '../errors.ts';

/**
 * What the settings say of how clients sign in, with the files that they name.
 *
 * @throws ConfigurationError where one of them can't be read
 */
export async function loadAuth(settings: AuthSettings): Promise<'open' | AuthOptions> {
  const { auth } = settings;
  if (auth.includes('open')) return 'open';
  const path = auth.find(isModule);
  return {
    tokens: auth.includes('tokens'),
    ...(auth.includes('jwt') ? { jwt: await jwtOptions(settings) } : {}),
    ...(path === undefined ? {} : { authenticate: await loadHook(path) }),
  };
}

async function jwtOptions(settings: AuthSettings): Promise<NonNullable<AuthOptions['jwt']>> {
  const { jwtSecret, jwtPublicKey, jwtJwks, jwtAlgorithm, jwtIssuer, jwtAudience } = settings;
  return {
    secret: jwtSecret,
    publicKey: jwtPublicKey === undefined ? undefined : await read(jwtPublicKey),
    jwks: jwtJwks,
    algorithm: jwtAlgorithm,
    // That they are there was checked with the other settings.
    issuer: jwtIssuer ?? '',
    audience: jwtAudience ?? '',
  };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError([`--jwt-public-key: expected a file that can be read: ${reason}.`]);
  }
}

async function loadHook(path: string): Promise<Authenticate> {
  registerPackageHook();
  let module: unknown;
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw new ConfigurationError(explainImportError(error, `--auth ${path}`));
  }
  const { authenticate } = module as { readonly authenticate?: unknown };
  // What it takes and gives is for its author to know; what it gives is checked each time.
  if (typeof authenticate === 'function') return authenticate as Authenticate;
  throw new ConfigurationError([
    `--auth ${path}: exports no function authenticate; write \`export async function authenticate({ token, headers }) { … }\`.`,
  ]);
}
