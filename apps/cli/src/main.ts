import packageJson from '../package.json' with { type: 'json' };
import { isServerAway } from './client/ec2.ts';
import { type Command, CommandFailedError, CommandUsageError } from './command.ts';
import { commandGroups, commands } from './commands/index.ts';
import { commandHelp, generalHelp } from './help.ts';
import { checkArgumentCount, parseArguments } from './parse-arguments.ts';
import { processTerminal } from './terminal/terminal.ts';

/** The longest name that the arguments begin with: `account create` before `account`. */
function findCommand(args: readonly string[]): { command: Command; rest: string[] } | undefined {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(' ');
    const command = commands.find((each) => each.name === name);
    if (command) return { command, rest: args.slice(words) };
  }
  return undefined;
}

async function runCommand(command: Command, rest: string[]): Promise<number> {
  const terminal = processTerminal();
  const interrupt = new AbortController();
  if (!command.raw) {
    // Ctrl-C, and what `timeout` and service managers send. The second one, of either kind, ends the command at once.
    const signals = ['SIGINT', 'SIGTERM'] as const;
    const onSignal = () => {
      for (const name of signals) process.off(name, onSignal);
      interrupt.abort(new CommandFailedError('interrupted'));
    };
    for (const name of signals) process.on(name, onSignal);
  }
  const base = { terminal, env: process.env, signal: interrupt.signal };
  if (command.raw && rest[0] !== '--help')
    return await command.run({ ...base, args: rest, options: {} });
  const parsed = parseArguments(command, rest);
  if (parsed.options.help) {
    terminal.print(commandHelp(command));
    return 0;
  }
  checkArgumentCount(command, parsed.args);
  try {
    return await command.run({ ...base, ...parsed });
  } catch (error) {
    // Whatever the interruption made of the work, this is why.
    interrupt.signal.throwIfAborted();
    throw error;
  }
}

/** Errors of other packages that say all in their message; named, so that those are not loaded for this. */
const plainNames = [
  'AdminConnectionError',
  'UsageError',
  'NetworkToolError',
  'NetworkRangeError',
  'CommandError',
  'MetadataStoreError',
];
const misuseNames = ['CommandUsageError', 'UsageError'];

/** Words for a failure; a bug keeps its stack. */
function failureText(error: unknown): string {
  if (error instanceof CommandUsageError || error instanceof CommandFailedError)
    return error.message;
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'ApiError' && 'code' in error) return `${error.code}: ${error.message}`;
  if ('$fault' in error) return `${error.name}: ${error.message}`;
  if (plainNames.includes(error.name)) return error.message;
  if (isServerAway(error)) {
    const { AWS_ENDPOINT_URL: named } = process.env;
    const server = named ? `the server that AWS_ENDPOINT_URL names, ${named},` : 'the server';
    return `${server} does not answer; start it with 'bakehouse serve'`;
  }
  return error.stack ?? error.message;
}

/** For a word that only begins commands, as `account`: what they are. */
function familyHelp(first: string): string | undefined {
  const family = commands.filter(({ name }) => name.startsWith(`${first} `));
  return family.length === 0 ? undefined : family.map(commandHelp).join('\n\n');
}

function unknownCommand(args: readonly string[]): number {
  const [first = '', second = '--help'] = args;
  const help = familyHelp(first);
  if (help && ['--help', '-h'].includes(second)) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  const name = help ? `${first} ${second}` : first;
  const way = help ? `bakehouse ${first} --help` : 'bakehouse help';
  process.stderr.write(`bakehouse: there is no command '${name}'; '${way}' lists them\n`);
  return 2;
}

/** `help`, `help images`, `help account create`; options say nothing here. */
function help(args: readonly string[]): number {
  const topic = args.filter((word) => !word.startsWith('-'));
  const found = findCommand(topic);
  if (topic.length > 0 && topic[0] !== 'help' && found?.rest.length !== 0) {
    return unknownCommand(found ? [topic.join(' ')] : topic);
  }
  const text = found ? commandHelp(found.command) : generalHelp(commandGroups);
  process.stdout.write(`${text}\n`);
  return 0;
}

async function main(args: readonly string[]): Promise<number> {
  const [first = 'help', ...rest] = args;
  if (['help', '--help', '-h'].includes(first)) return help(rest);
  if (first === '--version') {
    process.stdout.write(`${packageJson.version}\n`);
    return 0;
  }
  const found = findCommand(args);
  if (!found) return unknownCommand(args);
  try {
    return await runCommand(found.command, found.rest);
  } catch (error) {
    process.stderr.write(`bakehouse ${found.command.name}: ${failureText(error)}\n`);
    return error instanceof Error && misuseNames.includes(error.name) ? 2 : 1;
  }
}

/** `bakehouse instances | head -1`: nobody reads on, which is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await main(process.argv.slice(2));
