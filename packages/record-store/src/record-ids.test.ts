import { expect, test } from 'vitest';
import { placeAmongIds } from './record-ids.ts';

test('the same ids come after a place as after its text', () => {
  const units = [
    '',
    '\0',
    '\x1f',
    ' ',
    '-',
    'b',
    '~',
    '\x7f',
    'é',
    '\ud800',
    '\uffff',
    '\u{1f600}',
  ];
  const texts = units.flatMap((first) => units.flatMap((second) => [`a${first}${second}`, first]));
  const ids = texts.filter((text) => /^[\x20-\x7e]+$/.test(text));
  for (const text of texts) {
    const place = placeAmongIds(text);
    expect(place).toMatch(/^[\x20-\x7f]*$/);
    expect(ids.filter((id) => id > place)).toEqual(ids.filter((id) => id > text));
  }
});
