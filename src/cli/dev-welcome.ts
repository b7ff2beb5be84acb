import type { Settings } from '../config.ts';
import { usualFolder } from './task-paths.ts';

/** What a newcomer reads when everything runs: where it is, what to try first, what a crash would lose. */
export function welcome(options: {
  readonly url: string;
  readonly names: ReadonlySet<string>;
  readonly storeUrl: string;
  readonly settings: Settings<'dev'>;
}): string {
  const { url, names, storeUrl, settings } = options;
  const page = settings.graphiql ? `GraphiQL  ${url}` : `GraphQL   ${url}  (GraphiQL is off)`;
  const dashboard = settings.dashboard ? new URL('.', url).href : 'off (--dashboard)';
  const tasks = settings.tasks?.join(', ') ?? usualFolder;
  const isOpen = settings.auth.includes('open');
  const header = isOpen ? '' : ' -H "authorization: Bearer $TASKWIRE_TOKEN"';
  const post = `curl -sN ${url} -H 'content-type: application/json'${header}`;
  return `
  Taskwire runs. Ctrl-C ends it.

  Dashboard ${dashboard}
  ${page}
  Store     ${settings.redisUrl === undefined ? embedded(settings.dataDir) : 'the one of REDIS_URL'}
  Sign-in   ${isOpen ? 'none: everybody on this machine may do everything (--auth)' : signIn(settings, storeUrl)}
  Tasks     ${[...names].toSorted().join(', ')}; your own go into ${tasks}

  Enqueue a task, then watch it by the id that comes back. In GraphiQL:

    ${mutation}

    ${subscription}

  By curl:

    ${post} -d ${quoted({ query: mutation })}

    ${post} -H 'accept: text/event-stream' -d ${quoted({ query: subscription })}

`;
}

/** How clients sign in, and the command that makes a first token. */
function signIn({ auth, redisUrl, prefix }: Settings<'dev'>, storeUrl: string): string {
  const ways = `by ${auth.join(', ')}`;
  if (!auth.includes('tokens')) return ways;
  // An address of the user's own may hold a password, and is known to whoever gave it.
  const store = redisUrl === undefined ? ` --redis-url ${storeUrl}` : '';
  const named = prefix === 'tw' ? '' : ` --prefix ${prefix}`;
  return `${ways}. Make a token: taskwire token create${store}${named} --owner me --scopes admin`;
}

function embedded(folder: string): string {
  return `embedded: Ctrl-C keeps what it holds in ${folder}, a crash loses it. REDIS_URL is the durable way.`;
}

const mutation = String.raw`mutation { analyzeData(input: { csv: "city,degrees\nOslo,4.5\nRome,17\nCairo,24" }) { task { id } } }`;

const subscription =
  'subscription { analyzeDataUpdated(id: "ID") { status progress { fraction message } output { columns { name type mean } } } }';

/** JSON as one word of a shell. */
function quoted(value: unknown): string {
  return `'${JSON.stringify(value).replaceAll("'", String.raw`'\''`)}'`;
}
