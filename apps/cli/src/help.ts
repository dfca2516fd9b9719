import { type Command, usualExitCodes } from './command.ts';

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly Command[];
}

const usual = Object.entries(usualExitCodes)
  .map((entry) => entry.join(' '))
  .join(', ');

export function generalHelp(groups: readonly CommandGroup[]): string {
  const all = groups.flatMap((group) => group.commands);
  const width = Math.max(...all.map((command) => command.name.length));
  return [
    'bakehouse: the local EC2 for machine images',
    '',
    'usage: bakehouse COMMAND [--json] [--help]',
    ...groups.flatMap(({ title, commands }) => [
      '',
      `${title}:`,
      ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    ]),
    '',
    'Start here:',
    '  bakehouse up                 # server, image and a first instance: ends in an ssh command',
    '  bakehouse run --name web     # launch another and wait for ssh',
    '  bakehouse help run           # a command in full',
    '',
    `BAKEHOUSE_DATA names the data folder. Exit codes: ${usual}.`,
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const options = Object.entries(command.optionHelp ?? {});
  const { jsonHelp = 'print the result as JSON' } = command;
  const all = [...options, ...(command.raw ? [] : [['json', jsonHelp] as const])];
  const width = Math.max(0, ...all.map(([name]) => name.length + 2));
  const codes = Object.entries(command.exitCodes ?? usualExitCodes);
  const codeWidth = Math.max(...codes.map(([code]) => code.length));
  return [
    `usage: bakehouse ${command.name}${command.usage ? ` ${command.usage}` : ''}`,
    '',
    command.help.trim(),
    ...(all.length > 0 ? ['', 'options:'] : []),
    ...all.map(([name, text]) => `  ${`--${name}`.padEnd(width)}  ${text}`),
    '',
    'exit codes:',
    ...codes.map(([code, meaning]) => `  ${code.padEnd(codeWidth)}  ${meaning}`),
  ].join('\n');
}
