/** The path below which the API stands, with a slash at its end: what the page's `<base>` says. */
export const basePath: string = new URL(document.baseURI).pathname;

/** Where GraphQL is, for HTTP or for WebSockets. */
export function endpoint(kind: 'http' | 'ws'): string {
  const url = new URL('graphql', document.baseURI);
  if (kind === 'ws') url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
