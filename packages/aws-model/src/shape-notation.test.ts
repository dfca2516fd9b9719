import { expect, test } from 'vitest';
import {
  type MemberNotation,
  readList,
  readStructure,
  writeList,
  writeStructure,
} from './shape-notation.ts';

const plain: MemberNotation = {
  name: 'ImageId',
  queryName: 'ImageId',
  xmlName: 'imageId',
  type: 's',
  required: false,
  sensitive: false,
  idempotencyToken: false,
};

test.each<[string, MemberNotation[]]>([
  ['{', []],
  ['{ImageId:s', [plain]],
  ['{ImageId/:s!', [{ ...plain, xmlName: 'ImageId', required: true }]],
  [
    '{ImageId=Image.Id/image:ImageList*?,ImageId:[s/',
    [
      {
        ...plain,
        queryName: 'Image.Id',
        xmlName: 'image',
        type: 'ImageList',
        sensitive: true,
        idempotencyToken: true,
      },
      { ...plain, type: '[s/' },
    ],
  ],
])('%s is written as it is read', (text, members) => {
  expect(readStructure(text)).toEqual(members);
  expect(writeStructure(members)).toBe(text);
});

test.each([
  ['[Tag', { elementType: 'Tag', elementName: 'item', sensitive: false }],
  ['[s/', { elementType: 's', elementName: 'member', sensitive: false }],
  ['[s/ImageId*', { elementType: 's', elementName: 'ImageId', sensitive: true }],
])('%s is written as it is read', (text, list) => {
  expect(readList(text)).toEqual(list);
  expect(writeList(list)).toBe(text);
});

test.each(['{ImageId', '{:s', '{A:s,,B:s'])('%s is no notation', (text) => {
  expect(() => readStructure(text)).toThrow('not a member notation');
});
