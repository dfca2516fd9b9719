import type { Command } from '../command.ts';

export type Kind = NonNullable<Command['completes']>;
/** Ids and names of what there is; empty when the server does not answer soon. */
export type Lookup = (kind: Kind) => Promise<readonly string[]>;

const isHidden = (command: Command) => command.name.startsWith('__');

function commandWords(commands: readonly Command[], before: readonly string[]): string[] {
  const shown = commands.filter((command) => !isHidden(command));
  const next = shown
    .map(({ name }) => name.split(' '))
    .filter((words) => before.every((word, index) => words[index] === word))
    .flatMap((words) => words[before.length] ?? []);
  return [...new Set(before.length === 0 ? [...next, 'help'] : next)];
}

function findTyped(commands: readonly Command[], words: readonly string[]) {
  for (const count of [2, 1]) {
    const command = commands.find(({ name }) => name === words.slice(0, count).join(' '));
    if (command) return { command, rest: words.slice(count) };
  }
  return undefined;
}

const optionWords = (command: Command) =>
  command.raw
    ? ['--help']
    : [...Object.keys(command.options ?? {}), 'json', 'help'].map((name) => `--${name}`);

/** The word before needs a value that is not known here. */
function isValueOf(command: Command, previous: string | undefined): boolean {
  const name = previous?.replace(/^--/, '') ?? '';
  return previous?.startsWith('--') === true && command.options?.[name]?.type === 'string';
}

/** What may stand in place of the last word, given those before it. */
export async function complete(
  commands: readonly Command[],
  words: readonly string[],
  lookup: Lookup,
): Promise<readonly string[]> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const candidates = async (): Promise<readonly string[]> => {
    if (before[0] === 'help') return commandWords(commands, before.slice(1));
    const found = findTyped(commands, before);
    if (!found) return commandWords(commands, before);
    const { command, rest } = found;
    if (rest.includes('--') || isValueOf(command, rest.at(-1))) return [];
    if (typed.startsWith('-')) return optionWords(command);
    if (command.choices) return command.choices;
    return command.completes ? await lookup(command.completes) : [];
  };
  return (await candidates()).filter((candidate) => candidate.startsWith(typed));
}
