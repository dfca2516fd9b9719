import { parseArgs } from 'node:util';
import { type Command, CommandUsageError, type Invocation } from './command.ts';

const common = { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } } as const;

/** What follows the command's name. Throws CommandUsageError for options that the command does not have. */
export function parseArguments(
  command: Command,
  words: readonly string[],
): Pick<Invocation, 'args' | 'options'> {
  const options = { ...command.options, ...common };
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options,
      allowPositionals: true,
    });
    return { args: positionals, options: values as Invocation['options'] };
  } catch (error) {
    // Node's first sentence says what is wrong; the others speak of its own conventions.
    const [problem = ''] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    throw new CommandUsageError(`${problem}; 'bakehouse ${command.name} --help' lists the options`);
  }
}

/** Throws CommandUsageError for more arguments than the command takes. */
export function checkArgumentCount({ argumentsMax }: Command, args: readonly string[]): void {
  if (args.length > argumentsMax) {
    throw new CommandUsageError(`'${args[argumentsMax]}' is not expected`);
  }
}
