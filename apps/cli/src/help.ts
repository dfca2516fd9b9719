import type { Command } from './command.ts';

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly Command[];
}

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
    'BAKEHOUSE_DATA names the data folder. Exit codes: 0 done, 1 failed, 2 misused.',
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const options = Object.entries(command.optionHelp ?? {});
  const all = [...options, ...(command.raw ? [] : [['json', 'print the result as JSON'] as const])];
  const width = Math.max(0, ...all.map(([name]) => name.length + 2));
  return [
    `usage: bakehouse ${command.name}${command.usage ? ` ${command.usage}` : ''}`,
    '',
    command.help.trim(),
    ...(all.length > 0 ? ['', 'options:'] : []),
    ...all.map(([name, text]) => `  ${`--${name}`.padEnd(width)}  ${text}`),
  ].join('\n');
}
