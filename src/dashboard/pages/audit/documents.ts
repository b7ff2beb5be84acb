import { type FragmentOf, graphql } from '../../client/graphql.ts';

const eventFields = graphql(`
  fragment EventFields on AuditEvent {
    id
    at
    actor
    credential
    action
    target {
      kind
      id
    }
    outcome
    reason
    address
    count
  }
`);

export type AuditEvent = FragmentOf<typeof eventFields>;

export const auditEvents = graphql(
  `
    query AuditEvents($filter: AuditEventFilter, $first: Int!, $after: String) {
      auditEvents(filter: $filter, first: $first, after: $after) {
        nodes {
          ...EventFields
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  `,
  [eventFields],
);

/** Where the audit ends now, whatever the filter. */
export const newestEvent = graphql(`
  query NewestEvent {
    auditEvents(first: 1) {
      pageInfo {
        endCursor
      }
    }
  }
`);

export const auditEventsAppended = graphql(
  `
    subscription AuditEventsAppended($filter: AuditEventFilter, $after: String) {
      auditEventsAppended(filter: $filter, after: $after) {
        ...EventFields
      }
    }
  `,
  [eventFields],
);

const tokenFields = graphql(`
  fragment TokenFields on ApiToken {
    id
    name
    owner
    scopes
    createdAt
    lastUsedAt
    expiresAt
  }
`);

export type ApiToken = FragmentOf<typeof tokenFields>;

export const apiTokens = graphql(
  `
    query ApiTokens($after: String) {
      apiTokens(first: 100, after: $after) {
        nodes {
          ...TokenFields
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  `,
  [tokenFields],
);

export const createApiToken = graphql(
  `
    mutation CreateApiToken($name: String, $owner: String!, $scopes: [String!]!, $expiresIn: Duration) {
      createApiToken(name: $name, owner: $owner, scopes: $scopes, expiresIn: $expiresIn) {
        token
        apiToken {
          ...TokenFields
        }
      }
    }
  `,
  [tokenFields],
);

export const revokeApiToken = graphql(`
  mutation RevokeApiToken($id: ID!) {
    revokeApiToken(id: $id) {
      accepted
    }
  }
`);
