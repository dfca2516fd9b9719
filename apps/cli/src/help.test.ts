import { recipeNames } from '@bakehouse/imagebuilder';
import { describe, expect, test } from 'vitest';
import { commandGroups, commands } from './commands/index.ts';
import { commandHelp, generalHelp } from './help.ts';

const shown = commandGroups.flatMap((group) => group.commands);

describe.each(commands.map((command) => [command.name, command] as const))('%s', (_, command) => {
  test('says in one short line what it is for', () => {
    expect(command.summary).toMatch(/^[a-z].{8,80}[^.]$/);
  });

  test('teaches: paragraphs of its own, in lines that fit a terminal', () => {
    const text = commandHelp(command);
    expect(command.help.trim().length).toBeGreaterThan(20);
    expect(text.split('\n')[0]).toMatch(/^usage: bakehouse /);
    expect(text.split('\n').filter((line) => line.length > 118)).toEqual([]);
  });

  test('has a line of help for each option, and no others', () => {
    const options = Object.keys(command.options ?? {});
    expect(Object.keys(command.optionHelp ?? {}).sort()).toEqual(options.sort());
    const help = commandHelp(command);
    expect(options.filter((name) => !help.includes(`  --${name} `))).toEqual([]);
  });
});

test('the help of each command ends with its exit codes, from one table', () => {
  const last = (name: string) => {
    const command = commands.find((each) => each.name === name);
    return command && commandHelp(command).split('\n\n').at(-1);
  };
  const usual = 'exit codes:\n  0  done\n  1  failed\n  2  misused';
  expect(last('images')).toBe(usual);
  expect(last('verify')).toBe(usual.replace('failed', 'failed, or something is damaged'));
  expect(last('serve')).toMatch(
    /^exit codes:\n {2}0 {3}it was.*\n {2}2 {3}misused.*\n {2}75 {2}it lost its lease/s,
  );
  // Other codes are the AWS CLI's, also 2.
  expect(last('aws')).toBe(
    [
      'exit codes:',
      '  0       done',
      '  1       there is no server, or no AWS CLI',
      '  others  those of the AWS CLI',
    ].join('\n'),
  );
  for (const command of commands) {
    expect(commandHelp(command).split('\n\n').at(-1), command.name).toMatch(/^exit codes:\n {2}0 /);
    expect(command.help, 'exit codes are in the table').not.toMatch(/exit code/i);
  }
  expect(generalHelp(commandGroups)).toContain('Exit codes: 0 done, 1 failed, 2 misused.');
});

test('help says what --json does where it does more than print the result', () => {
  const json = (name: string) => {
    const command = commands.find((each) => each.name === name);
    return command && /^ {2}--json +(.+)$/m.exec(commandHelp(command))?.[1];
  };
  expect(json('images')).toBe('print the result as JSON');
  expect(json('ssh')).toBe('print the ssh command as JSON instead of running it');
  expect(json('events')).toBe('print each event as a line of JSON');
});

test('help of bake names every recipe', () => {
  const help = commands.find(({ name }) => name === 'bake')?.help ?? '';
  expect(recipeNames.filter((name) => !help.includes(name))).toEqual([]);
});

test('the general help lists every command but hidden ones, each once', () => {
  const help = generalHelp(commandGroups);
  const lists = help.slice(0, help.indexOf('Start here'));
  const listed = [...lists.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) {2,}\S/gm)].map((match) => match[1]);
  expect(listed).toEqual(shown.map((command) => command.name));
  const all = commands.map((command) => command.name).filter((name) => !name.startsWith('__'));
  expect([...all].sort()).toEqual([...listed].sort());
});

test('commands that take no raw arguments offer --json', () => {
  const parsed = shown.filter((command) => !command.raw);
  expect(parsed.filter((command) => !commandHelp(command).includes('--json'))).toEqual([]);
});
