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
