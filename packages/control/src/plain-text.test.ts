import { expect, test } from 'vitest';
import { launched } from './testing/launched.ts';

test('tags and descriptions have no control characters', async () => {
  const { call, instanceId } = await launched();
  const tag = (Key: string, Value: string) =>
    call('CreateTags', { Resources: [instanceId], Tags: [{ Key, Value }] });
  const refused = (character: string) => ({
    code: 'InvalidParameterValue',
    message: expect.stringContaining(character),
  });
  await expect(tag('a\0b', '')).rejects.toMatchObject(refused('U+0000'));
  await expect(tag('a', '\u001b[31m')).rejects.toMatchObject(refused('U+001B'));
  await expect(tag('a', '\ud800')).rejects.toMatchObject(refused('U+D800'));
  await tag('schlüssel 🔑', 'two\nlines\tand a tab');
  const image = { InstanceId: instanceId, Name: 'an image', Description: 'bell \u0007' };
  await expect(call('CreateImage', image)).rejects.toMatchObject(refused('U+0007'));
});
