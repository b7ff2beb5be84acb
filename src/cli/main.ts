import { Command, CommanderError, Option } from 'commander';
import {
  type Command as CommandName,
  fallbackOf,
  type Flags,
  readSettings,
  type Settings,
  settingsOf,
} from '../config.ts';
import { scopes } from '../auth/viewer.ts';
import { version } from '../version.ts';
import { exitCodes, report } from './exit.ts';

/** One command: what the help says of it, and how it runs once its settings are read. */
interface Entry<C extends CommandName> {
  /** Stands after the command's name, which several share. */
  readonly subcommand?: string;
  readonly summary: string;
  readonly details?: string;
  readonly arguments?: readonly (readonly [name: string, help: string])[];
  /** Options that belong to one call rather than to a set-up, so that no environment variable stands for them. */
  readonly options?: readonly (readonly [flags: string, help: string])[];
  readonly run: (settings: Settings<C>, args: readonly string[], options: Options) => Promise<number>;
}
type Options = Readonly<Record<string, string | undefined>>;

const definitionOption = ['--definition <name>', 'one definition instead of a queue'] as const;

// Each imports its own when it runs: `--help` shall not wait for a GraphQL server to load.
const entries = [
  entry('dev', {
    summary: 'API, worker and, without REDIS_URL, an embedded store; restarts on a change of a task file',
    details:
      'Ctrl-C gives running tasks back, keeps what the embedded store holds for the next start, and ends.\n' +
      'A second Ctrl-C ends at once: what ran then begins again some seconds after the next start.',
    run: async (settings) => (await import('./dev.ts')).dev(settings),
  }),
  entry('server', {
    summary: 'the API, which also runs the tasks of the queue inline',
    details:
      'SIGTERM or Ctrl-C: it stops listening, finishes what it can of its tasks in --grace and gives back the rest.',
    run: async (settings) => (await import('./server.ts')).server(settings),
  }),
  entry('worker', {
    summary: 'one worker',
    details:
      'It leaves the queue inline to the API, unless --queues names it.\n' +
      'SIGTERM or Ctrl-C: it takes no more tasks, finishes what it can in --grace and gives back the rest.',
    run: async (settings) => (await import('./worker.ts')).worker(settings),
  }),
  entry('schema', {
    summary: 'print the GraphQL schema of the loaded definitions',
    options: [
      ['--output <file>', 'write it to a file instead'],
      ['--check <file>', 'compare it with a file: ends with 1 and says where they differ'],
    ],
    run: async (settings, _, { output, check }) =>
      (await import('./schema.ts')).schema(settings, { output, check }),
  }),
  entry('run', {
    summary: 'enqueue a task through a running API and follow it: progress on stderr, its output on stdout',
    details: 'Ctrl-C ends the following alone; the task goes on.',
    arguments: [['name', 'name of a definition']],
    options: [
      [
        '--input <json>',
        'input as JSON; @FILE reads a file, - reads stdin, and neither shows a secret in the list of processes',
      ],
      ['--idempotency-key <key>', 'the same key gives the same task, so that the command can be repeated'],
    ],
    run: async (settings, [name = ''], { input, idempotencyKey }) =>
      (await import('./run.ts')).run(settings, name, { input, idempotencyKey }),
  }),
  entry('watch', {
    summary: 'follow a task that is there: progress on stderr, its output on stdout',
    details: 'Ctrl-C ends the following alone; the task goes on.',
    arguments: [['id', 'id of a task']],
    run: async (settings, [id = '']) => (await import('./watch.ts')).watch(settings, id),
  }),
  entry('logs', {
    summary: 'print what a task has logged, or written to one of its streams',
    details: 'Ctrl-C ends the following alone; the task goes on.',
    arguments: [['id', 'id of a task']],
    options: [
      ['--stream <name>', 'one of its streams instead of its log'],
      ['--follow', 'go on until the task has ended'],
    ],
    run: async (settings, [id = ''], { stream, follow }) =>
      (await import('./logs.ts')).logs(settings, id, { stream, follow: follow !== undefined }),
  }),
  entry('cancel', {
    summary: 'cancel a task: one that waits at once, one that runs as soon as it heeds its signal',
    details: 'Prints its id and status. Exit code 1 where it had ended before.',
    arguments: [['id', 'id of a task']],
    options: [['--reason <text>', 'why, for whoever looks at the task later']],
    run: async (settings, [id = ''], { reason }) =>
      (await import('./by-hand.ts')).cancel(settings, id, reason),
  }),
  entry('retry', {
    summary: 'put a task back that FAILED, was CANCELED or EXPIRED',
    details: 'Prints its id and status; taskwire watch follows it. Exit code 1 where it is none of these.',
    arguments: [['id', 'id of a task']],
    run: async (settings, [id = '']) => (await import('./by-hand.ts')).retry(settings, id),
  }),
  entry('queues', {
    summary: 'a table of all queues: what waits and runs, how much comes and goes, what is paused',
    run: async (settings) => (await import('./queues.ts')).queues(settings),
  }),
  entry('workers', {
    summary: 'a table of all workers: what they serve and run, and what they use; drain or resume one',
    details:
      'taskwire workers drain ID lets one take nothing more: it finishes what it runs, and stays until it is resumed or ends.',
    run: async (settings) => (await import('./workers.ts')).workers(settings),
  }),
  entry('workers', {
    subcommand: 'drain',
    summary: 'let a worker take nothing more, until it is resumed or has ended; it finishes what it runs',
    arguments: [['id', 'id of the worker, as in the table']],
    options: [['--reason <text>', 'why, for whoever looks at the worker later']],
    run: async (settings, [id = ''], { reason }) =>
      (await import('./workers.ts')).drainWorker(settings, id, reason),
  }),
  entry('workers', {
    subcommand: 'resume',
    summary: 'let a worker that was drained take tasks again',
    arguments: [['id', 'id of the worker, as in the table']],
    run: async (settings, [id = '']) => (await import('./workers.ts')).resumeWorker(settings, id),
  }),
  entry('pause', {
    summary: 'let nothing of a queue or definition begin, in any worker, until it is resumed',
    details: 'What runs goes on, and new tasks are taken. It is kept over restarts.',
    arguments: [['[queue]', 'name of a queue']],
    options: [definitionOption, ['--reason <text>', 'why, for whoever looks at the queue later']],
    run: async (settings, [queue], { definition, reason }) =>
      (await import('./queue-control.ts')).pause(settings, { queue, definition, reason }),
  }),
  entry('resume', {
    summary: 'end the pause or drain of a queue, or the pause of a definition',
    arguments: [['[queue]', 'name of a queue']],
    options: [definitionOption],
    run: async (settings, [queue], { definition }) =>
      (await import('./queue-control.ts')).resume(settings, { queue, definition }),
  }),
  entry('drain', {
    summary: 'let a queue take no new tasks until it is resumed; those that are there are worked off',
    arguments: [['queue', 'name of a queue']],
    options: [['--reason <text>', 'why, for whoever looks at the queue later']],
    run: async (settings, [queue = ''], { reason }) =>
      (await import('./queue-control.ts')).drain(settings, queue, reason),
  }),
  entry('purge', {
    summary: 'cancel the tasks of a queue that wait, for a slot or for their time',
    arguments: [['queue', 'name of a queue']],
    options: [
      ['--dry-run', 'only say how many that are'],
      ['--definition <name>', 'only those of one definition'],
      ['--reason <text>', 'why, for whoever looks at the tasks later'],
    ],
    run: async (settings, [queue = ''], { dryRun, definition, reason }) =>
      (await import('./queue-control.ts')).purge(settings, queue, {
        dryRun: dryRun !== undefined,
        definition,
        reason,
      }),
  }),
  entry('token', {
    subcommand: 'create',
    summary: 'make an API token, by which a client signs in where --auth names tokens',
    details:
      `The token goes to stdout, alone; nobody can see it again. Scopes: ${scopes.join(', ')}.\n` +
      'It goes straight to Redis, and needs no API. taskwire run and watch need schema:read as well where introspection is off.',
    options: [
      ['--owner <name>', 'whom it signs in: whose tasks it sees and makes'],
      ['--scopes <list>', 'what it is good for, separated by commas'],
      ['--name <text>', 'what it is called in the list'],
      ['--expires-in <time>', "how long it holds, as in '30d'; without, until it is revoked"],
    ],
    run: async (settings, _, { owner, scopes, name, expiresIn }) =>
      (await import('./token.ts')).createToken(settings, { owner, scopes, name, expiresIn }),
  }),
  entry('token', {
    subcommand: 'list',
    summary: 'a table of all API tokens, without what is secret of them',
    run: async (settings) => (await import('./token.ts')).listTokens(settings),
  }),
  entry('token', {
    subcommand: 'revoke',
    summary: 'take an API token away: live connections that it has opened end within 5 seconds',
    arguments: [['id', 'id of the token, as in the list']],
    run: async (settings, [id = '']) => (await import('./token.ts')).revokeToken(settings, id),
  }),
  entry('doctor', {
    summary: "examine the store and its queues: what was found, and what to do about what isn't well",
    details:
      'Exit codes: 0 when nothing has failed (warnings count as well), 1 when a check says FAIL. It changes nothing,\n' +
      'waits at most 3 s for any answer of the store and 30 s in all.',
    options: [['--json', 'print the findings as JSON']],
    run: async (settings, _, { json }) => (await import('./doctor.ts')).doctor(settings, json !== undefined),
  }),
];

/** Runs the command line and resolves with its exit code: 0, 1 for a failure, 2 for bad usage or settings. */
export async function main(args: readonly string[]): Promise<number> {
  // Who reads it may have enough, as in `taskwire schema | head`.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let code: number = exitCodes.ok;
  const program = new Command('taskwire')
    .description('Background tasks that frontends can watch live.')
    .version(version, '-v, --version')
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 bad usage or settings, 130 interrupted.' +
        '\nA flag wins over its environment variable, that over the default. Settings of a command: taskwire COMMAND --help',
    );
  for (const add of entries) add(program, (result) => (code = result));
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return exitCodes.usage;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // It has said so itself; it ends with 0 after --help and --version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return report(error);
  }
}

/** Makes what adds a command to the program; `done` gets its exit code. */
function entry<const C extends CommandName>(
  name: C,
  { subcommand, summary, details, arguments: operands = [], options = [], run }: Entry<C>,
): (program: Command, done: (code: number) => void) => void {
  return (program, done) => {
    const parent = subcommand === undefined ? program : groupOf(program, name);
    const command = parent
      .command(subcommand ?? name)
      .summary(summary)
      .description(summary);
    for (const [operand, help] of operands) {
      command.argument(operand.startsWith('[') ? operand : `<${operand}>`, help);
    }
    // One without a value is there as text, too.
    for (const [flags, help] of options) command.addOption(new Option(flags, help).preset('given'));
    for (const option of settingOptions(name)) command.addOption(option);
    if (details !== undefined) command.addHelpText('after', `\n${details}`);
    command.action(async () => {
      // A command that holds this one takes what both have, wherever it stands.
      const given = command.optsWithGlobals<Flags & Options>();
      done(await run(readSettings(name, given, process.env), command.args, given));
    });
  };
}

/** The command that holds those of its name: one that does something by itself, or does nothing. */
function groupOf(program: Command, name: CommandName): Command {
  return (
    program.commands.find((command) => command.name() === name) ??
    program
      .command(name)
      .summary(groups[name] ?? '')
      .description(groups[name] ?? '')
  );
}

const groups: { readonly [name in CommandName]?: string } = {
  token: 'API tokens: create, list and revoke them',
};

function settingOptions(name: CommandName): readonly Option[] {
  return settingsOf(name).map(([, setting]) => {
    const fallback = fallbackOf(setting, name);
    const words = fallback === 'required' ? fallback : `default: ${fallback}`;
    const option = new Option(
      `${setting.flag} <${setting.value}>`,
      `${setting.help} [${setting.env}; ${words}]`,
    );
    // The values stay text: `readSettings` parses all of them, to report all that is wrong at once.
    return setting.repeatable === true
      ? option.argParser<string[]>((value, previous) => [...(previous ?? []), value])
      : option;
  });
}
