import type { Command } from './command.ts';

export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    'bakehouse: the local EC2 for machine images',
    '',
    'usage: bakehouse COMMAND [--json] [--help]',
    '',
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'Start here:',
    '  bakehouse serve &            # the platform, on http://127.0.0.1:4599',
    '  bakehouse bake               # build and publish Bakehouse Linux',
    '  bakehouse run                # launch an instance and wait for ssh',
    '  eval "$(bakehouse env)"      # point aws, Packer, Terraform and SDKs here',
    '',
    'BAKEHOUSE_DATA names the data folder. Exit codes: 0 done, 1 failed, 2 misused.',
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const options = Object.entries(command.optionHelp ?? {});
  const width = Math.max(8, ...options.map(([name]) => name.length + 2));
  return [
    `usage: bakehouse ${command.name}${command.usage ? ` ${command.usage}` : ''}`,
    '',
    command.help.trim(),
    ...(options.length > 0 ? ['', 'options:'] : []),
    ...options.map(([name, text]) => `  ${`--${name}`.padEnd(width)}  ${text}`),
    ...(command.raw ? [] : [`  ${'--json'.padEnd(width)}  print the result as JSON`]),
  ].join('\n');
}
