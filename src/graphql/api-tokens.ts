import type { ApiToken } from '../auth/api-token.ts';
import type { ApiTokenPage, ApiTokens } from '../auth/api-tokens.ts';
import { scopes } from '../auth/viewer.ts';
import { isoMs } from '../definition/duration-scalar.ts';
import { BadUserInputError, invalidArgument } from '../errors.ts';
import { needs } from './access.ts';
import { type ConnectionTypes, isGiven, maxPageSize } from './connection.ts';
import type { Context } from './context.ts';
import type { ApiBuilder } from './state.ts';

const defaultPageSize = 20;

/** Adds `createApiToken`, `revokeApiToken` and `apiTokens`, for `admin` alone. */
export function addApiTokens(builder: ApiBuilder, { pageInfo }: ConnectionTypes): void {
  const apiToken = addApiTokenType(builder);
  const connection = addConnection(builder, apiToken, pageInfo);
  const created = builder
    .objectRef<{ readonly token: string; readonly apiToken: ApiToken }>('CreateApiTokenPayload')
    .implement({
      description: 'The API token that was made.',
      fields: (t) => ({
        token: t.exposeString('token', {
          nullable: false,
          description:
            'The token, `twk_…`, to be shown as `authorization: Bearer …`. Nobody can see it again.',
        }),
        apiToken: t.expose('apiToken', {
          type: apiToken,
          nullable: false,
          description: 'What is known of it.',
        }),
      }),
    });
  const revoked = builder.objectRef<{ readonly accepted: boolean }>('RevokeApiTokenPayload').implement({
    description: 'What became of a request to revoke an API token.',
    fields: (t) => ({
      accepted: t.exposeBoolean('accepted', {
        nullable: false,
        description: 'False where there was none of this id.',
      }),
    }),
  });

  builder.queryField('apiTokens', (t) =>
    t.field({
      type: connection,
      nullable: false,
      description: 'The API tokens of all owners, those that were made last first.',
      extensions: needs('admin'),
      args: {
        first: t.arg.int({
          description: `At most so many, 1 to ${maxPageSize}; ${defaultPageSize} unless given.`,
        }),
        after: t.arg.string({ description: 'Only what comes after this cursor.' }),
      },
      resolve: async (_, { first, after }, context) => {
        const limit = first ?? defaultPageSize;
        if (limit < 1 || limit > maxPageSize)
          throw invalidArgument('first', `Expected 1 to ${maxPageSize}, got ${limit}.`);
        return { ...(await tokensOf(context).page(limit, after ?? undefined)), isLater: isGiven(after) };
      },
    }),
  );

  builder.mutationFields((t) => ({
    createApiToken: t.field({
      type: created,
      nullable: false,
      description: 'Makes a token by which a client signs in. It may be made for any owner.',
      extensions: needs('admin'),
      args: {
        owner: t.arg.string({
          required: true,
          description: 'Whom it signs in: whose tasks it sees and makes.',
        }),
        scopes: t.arg.stringList({
          required: true,
          description: `What it is good for: some of ${scopes.map((scope) => `\`${scope}\``).join(', ')}.`,
        }),
        name: t.arg.string({ description: 'What it is called in the list; up to 100 characters.' }),
        expiresIn: t.arg({
          type: 'Duration',
          description: 'How long it holds: `1s` to `3650d`; until it is revoked unless given.',
        }),
      },
      resolve: async (_, { owner, scopes, name, expiresIn }, context) => {
        const expiresInMs = isGiven(expiresIn) ? isoMs(expiresIn) : undefined;
        if (isGiven(expiresIn) && expiresInMs === undefined) {
          throw invalidArgument(
            'expiresIn',
            `Expected '1s' to '3650d', without years and months; got ${expiresIn}.`,
          );
        }
        return await tokensOf(context).create({ owner, scopes, name: name ?? undefined, expiresInMs });
      },
    }),
    revokeApiToken: t.field({
      type: revoked,
      nullable: false,
      description:
        'Takes an API token away: whatever it has signed in ends within 5 seconds, in every process.',
      extensions: needs('admin'),
      args: { id: t.arg.id({ required: true, description: "The token's id, which is no secret." }) },
      resolve: async (_, { id }, context) => ({ accepted: await tokensOf(context).revoke(id) }),
    }),
  }));
}

function addApiTokenType(builder: ApiBuilder) {
  return builder.objectRef<ApiToken>('ApiToken').implement({
    description: 'What is known of an API token: all but the token.',
    fields: (t) => ({
      id: t.exposeID('id', {
        nullable: false,
        description: 'By this it is revoked, and named in the audit.',
      }),
      name: t.exposeString('name', { nullable: false, description: 'What it is called; may be empty.' }),
      owner: t.exposeString('owner', { nullable: false, description: 'Whom it signs in.' }),
      scopes: t.field({
        type: ['String'],
        nullable: { list: false, items: false },
        description: 'What it is good for.',
        resolve: ({ scopes }) => [...scopes],
      }),
      createdAt: t.field({
        type: 'DateTimeISO',
        nullable: false,
        description: 'When it was made.',
        resolve: ({ createdAt }) => new Date(createdAt),
      }),
      expiresAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When it ends; null where only a revocation ends it.',
        resolve: ({ expiresAt }) => dateOf(expiresAt),
      }),
      lastUsedAt: t.field({
        type: 'DateTimeISO',
        nullable: true,
        description: 'When it last signed somebody in, to within two minutes; null where it never did.',
        resolve: ({ lastUsedAt }) => dateOf(lastUsedAt),
      }),
    }),
  });
}

function addConnection(
  builder: ApiBuilder,
  apiToken: ReturnType<typeof addApiTokenType>,
  pageInfo: ConnectionTypes['pageInfo'],
) {
  const edge = builder.objectRef<ApiTokenPage['apiTokens'][number]>('ApiTokenEdge').implement({
    description: 'An API token and its place in the list.',
    fields: (t) => ({
      node: t.expose('apiToken', { type: apiToken, nullable: false, description: 'The token.' }),
      cursor: t.exposeString('cursor', { nullable: false, description: 'Its place, for `after`.' }),
    }),
  });
  return builder.objectRef<ApiTokenPage & { readonly isLater: boolean }>('ApiTokenConnection').implement({
    description: 'One page of API tokens.',
    fields: (t) => ({
      edges: t.expose('apiTokens', {
        type: [edge],
        nullable: { list: false, items: false },
        description: 'The tokens of this page with their cursors.',
      }),
      nodes: t.field({
        type: [apiToken],
        nullable: { list: false, items: false },
        description: 'The tokens of this page.',
        resolve: ({ apiTokens }) => apiTokens.map(({ apiToken }) => apiToken),
      }),
      pageInfo: t.field({
        type: pageInfo,
        nullable: false,
        description: 'How to go on.',
        resolve: ({ apiTokens, hasMore, isLater }) => ({
          hasNextPage: hasMore,
          hasPreviousPage: isLater,
          startCursor: apiTokens[0]?.cursor,
          endCursor: apiTokens.at(-1)?.cursor,
        }),
      }),
    }),
  });
}

/** @throws BadUserInputError where nobody could sign in by one */
function tokensOf({ apiTokens }: Context): ApiTokens {
  if (apiTokens !== undefined) return apiTokens;
  throw new BadUserInputError(
    'Nobody signs in to this API by API tokens. Add tokens to --auth (TASKWIRE_AUTH), or to `auth` of createServer.',
  );
}

function dateOf(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}
