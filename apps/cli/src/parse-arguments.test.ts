import { describe, expect, test } from 'vitest';
import { commands } from './commands/index.ts';
import { checkArgumentCount, parseArguments } from './parse-arguments.ts';

/** How many arguments the usage line shows: `[IMAGE] [--type TYPE]` is one, `INSTANCE …` any number. */
function argumentsInUsage(usage: string): number {
  const [words = ''] = usage.split(/\[--\w/);
  return words.includes('…') ? Infinity : words.split(' ').filter((word) => word !== '').length;
}

describe.each(commands.map((command) => [command.name, command] as const))('%s', (_, command) => {
  const { argumentsMax, raw, usage } = command;

  test('takes as many arguments as its usage shows', () => {
    if (!raw) expect(argumentsMax).toBe(argumentsInUsage(usage));
  });

  test('refuses one more, and none before', () => {
    const most = Number.isFinite(argumentsMax) ? argumentsMax : 100;
    const words = Array.from({ length: most }, (_each, index) => `word-${index}`);
    checkArgumentCount(command, parseArguments(command, words).args);
    const one = () => checkArgumentCount(command, parseArguments(command, [...words, 'web']).args);
    if (Number.isFinite(argumentsMax)) expect(one).toThrow(/^'web' is not expected$/);
    else expect(one).not.toThrow();
  });
});

test('an option that the command does not have is a mistake in the call', () => {
  const [up] = commands;
  if (!up) throw new Error('there are no commands');
  expect(() => parseArguments(up, ['--nonsense'])).toThrow(
    "Unknown option '--nonsense'; 'bakehouse up --help' lists the options",
  );
});
