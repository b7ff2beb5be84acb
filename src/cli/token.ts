import type { ApiToken } from '../auth/api-token.ts';
import { ApiTokens } from '../auth/api-tokens.ts';
import type { Settings } from '../config.ts';
import { parseDuration } from '../definition/duration.ts';
import { BadUserInputError, UnavailableError } from '../errors.ts';
import { displayUrl } from '../redis/address.ts';
import { connectOnce } from '../redis/connection.ts';
import { CommandError, exitCodes } from './exit.ts';
import { textTable } from './text-table.ts';

/** How long the store may take, in ms. */
const answerMs = 3_000;

/** What a token is made of, as it stands on a command line. */
export interface TokenOptions {
  readonly owner: string | undefined;
  /** Separated by commas. */
  readonly scopes: string | undefined;
  readonly name: string | undefined;
  /** As in `30d`. */
  readonly expiresIn: string | undefined;
}

/** `taskwire token create`: the token alone on stdout, what it is on stderr. */
export async function createToken(settings: Settings<'token'>, options: TokenOptions): Promise<number> {
  const { owner, scopes, name, expiresIn } = options;
  if (owner === undefined) throw usage('Name by --owner whom it signs in.');
  if (scopes === undefined)
    throw usage('Name by --scopes what it is good for, as in --scopes tasks:read,tasks:write.');
  const expiresInMs = expiresIn === undefined ? undefined : parseDuration(expiresIn);
  if (expiresIn !== undefined && expiresInMs === undefined) {
    throw usage(`--expires-in: expected a time such as '12h' or '30d', got '${expiresIn}'.`);
  }
  const words = scopes.split(',').map((scope) => scope.trim());
  const { token, apiToken } = await withTokens(settings, (tokens) =>
    tokens.create({ owner, scopes: words, name, expiresInMs }),
  );
  process.stderr.write(
    `API token ${apiToken.id} of ${apiToken.owner} for ${apiToken.scopes.join(', ')}, ` +
      `${apiToken.expiresAt === undefined ? 'until it is revoked' : `until ${showDate(apiToken.expiresAt)}`}. ` +
      'It is shown this once:\n',
  );
  process.stdout.write(`${token}\n`);
  return exitCodes.ok;
}

/** `taskwire token list`: a table of all tokens. */
export async function listTokens(settings: Settings<'token'>): Promise<number> {
  const listed = await withTokens(settings, (tokens) => tokens.list());
  process.stdout.write(
    listed.length === 0
      ? 'There is no API token. Make one: taskwire token create\n'
      : `${textTable([heads, ...listed.map(cells)])}\n`,
  );
  return exitCodes.ok;
}

/** `taskwire token revoke ID`: 1 where there is no such token. */
export async function revokeToken(settings: Settings<'token'>, given: string): Promise<number> {
  // Who has the whole token at hand may well paste it.
  const id = /^twk_([0-9a-f]{16})_/.exec(given)?.[1] ?? given;
  if (!(await withTokens(settings, (tokens) => tokens.revoke(id)))) {
    throw new CommandError(
      'There is no API token of this id. taskwire token list shows those that there are.',
    );
  }
  process.stdout.write(`${id} is revoked\n`);
  return exitCodes.ok;
}

const heads = ['id', 'owner', 'scopes', 'name', 'created', 'expires', 'last used'];

function cells({ id, owner, scopes, name, createdAt, expiresAt, lastUsedAt }: ApiToken): string[] {
  const expires = expiresAt === undefined ? 'never' : showDate(expiresAt);
  return [
    id,
    owner,
    scopes.join(','),
    name === '' ? '-' : name,
    showDate(createdAt),
    expiresAt !== undefined && expiresAt <= Date.now() ? `${expires} (expired)` : expires,
    lastUsedAt === undefined ? 'never' : showDate(lastUsedAt),
  ];
}

function showDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Straight to the store: the first token can't be made by an API that nobody can sign in to. */
async function withTokens<T>(
  { redisUrl, prefix }: Settings<'token'>,
  body: (tokens: ApiTokens) => Promise<T>,
): Promise<T> {
  const redis = connectOnce(redisUrl, answerMs);
  let reason: unknown;
  redis.on('error', (error: Error) => (reason = error));
  try {
    await redis.connect();
    return await body(new ApiTokens(redis, prefix));
  } catch (error) {
    if (error instanceof BadUserInputError) throw usage(error.message);
    const cause = reason ?? (error instanceof UnavailableError ? error.cause : error);
    // A mistake of ours says nothing about the store.
    if (!(cause instanceof Error) || cause instanceof TypeError) throw error;
    const said = cause.message !== '' ? cause.message : 'code' in cause ? String(cause.code) : cause.name;
    throw new CommandError(
      `The store at ${displayUrl(redisUrl)} doesn't do it: ${said}. taskwire doctor says more.`,
      { cause: error },
    );
  } finally {
    redis.disconnect();
  }
}

function usage(message: string): CommandError {
  return new CommandError(message, { exitCode: exitCodes.usage });
}
