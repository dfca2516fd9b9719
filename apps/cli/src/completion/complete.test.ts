import { expect, test } from 'vitest';
import { commands } from '../commands/index.ts';
import { complete, type Kind } from './complete.ts';

const known: Record<Kind, readonly string[]> = {
  images: ['ami-1', 'my-image'],
  instances: ['i-1', 'web'],
};
const candidates = (...words: string[]) => complete(commands, words, async (kind) => known[kind]);

test.each([
  ['commands by their beginning', ['ima'], ['images']],
  ['the second word of a command', ['account', ''], ['create', 'list']],
  ['options', ['ssh', '--pr'], ['--print']],
  ['options of a command of two words', ['account', 'create', '--n'], ['--name']],
  ['instances', ['ssh', 'w'], ['web']],
  ['instances after an option', ['console', '--follow', ''], ['i-1', 'web']],
  ['images', ['run', 'my'], ['my-image']],
  ['the words an argument may be', ['completion', 'z'], ['zsh']],
  ['topics of help', ['help', 'inst'], ['instances']],
  ['nothing for a value it cannot know', ['run', '--name', ''], []],
  ['nothing for the command on the other side', ['ssh', 'web', '--', ''], []],
  ['nothing after what is no command', ['nope', ''], []],
])('completes %s', async (_, words, expected) => {
  expect(await candidates(...words)).toEqual(expected);
});

test('the first word may be any command that is not hidden', async () => {
  const found = await candidates('');
  expect(found).toContain('help');
  expect(found.filter((word) => word.startsWith('_'))).toEqual([]);
  expect(new Set(found).size).toBe(found.length);
});
